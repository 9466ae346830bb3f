// Package company serves CompanyService: companies with their wallet, deposit and tariff.
//
//	OpenCompany ─▶ profile beside the log ─▶ one group: register, accept, open wallet, open deposit
//	GetWallet ◀── books ─── GetInvoice: where to send money, with the marker that finds its company again
//
// Laws kept: a company is its INN, which stays; company, wallet and deposit come into being
// together or not at all; a profile is written before the command that names its version.
//
// It refuses to know: how money comes in (api/statement), how strangers become companies
// (api/registration).
package company
