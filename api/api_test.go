package api_test

import "testing"

// TestAPI runs everything against one house: a database, a broker, an engine and the
// API over HTTP. Every part has a book of its own.
func TestAPI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, part := range map[string]func(*testing.T, *house){
		"Post":            testPost,
		"AccountsStand":   testAccountsStand,
		"Periods":         testPeriods,
		"Reopening":       testReopening,
		"Policy":          testAPolicyWantsTwo,
		"TwoPeopleDecide": testTwoPeopleDecide,
		"BooksAreApart":   testBooksAreApart,
		"Assets":          testAssets,
		"Holds":           testHolds,
		"Groups":          testGroups,
		"Reversals":       testReversals,
		"Exchange":        testExchange,
		"Conditions":      testConditions,
		"Linear":          testLinear,
		"LinearKeys":      testLinearKeys,
		"Reads":           testReads,
		"Statement":       testStatementOfAccount,
		"TwoClocks":       testTwoClocks,
		"Scheduled":       testScheduled,
		"Pages":           testPages,
		"Search":          testSearch,
		"Card":            testCard,
		"Look":            testLook,
		"ExplainRefusal":  testExplainRefusal,
		"BadInput":        testBadInput,
		"Keys":            testKeys,
		"Gzip":            testGzip,
		"Large":           testLarge,
		"Access":          testAccess,
		"CompanyKey":      testCompanyKey,
		"ForeignCompany":  testForeignCompany,
		"Strangers":       testStrangers,
		"SlowReaders":     testSlowReaders,
		"PanicOutside":    testPanicOutside,
		"Protocols":       testProtocols,
		"Company":         testCompany,
		"Invoices":        testInvoices,
		"Corrected":       testCorrected,
		"Executors":       testExecutors,
		"Erasure":         testErasure,
		"TaxService":      testTaxService,
		"PublicList":      testPublicList,
		"Identity":        testIdentity,
		"TaskLife":        testTaskLife,
		"TaskChange":      testTaskChange,
		"ProductChange":   testProductChange,
		"TaskErrors":      testTaskErrors,
		"Bulk":            testBulk,
		"RunAll":          testRunAll,
		"Sections":        testSections,
		"Offers":          testOffers,
		"TaskSearch":      testTaskSearch,
		"OfferRace":       testOfferRace,
		"Explain":         testExplain,
		"Register":        testRegister,
		"RegisterRefused": testRegisterRefused,
		"RegisterStream":  testRegisterStream,
		"RegisterBroken":  testRegisterBroken,
		"RegisterMended":  testRegisterMended,
		"RegisterCut":     testRegisterCut,
		"StatementFile":   testStatement,
		"StatementBad":    testStatementRefused,
		"Races":           testRaces,
		"REST":            testREST,
		"Product":         testProduct,
		"ProductRefuses":  testProductRefuses,
		"Postbacks":       testPostbacks,
		"Proofs":          testProofs,
		"Waits":           testWaits,
		"Export":          testExport,
		"ExportLarge":     testExportLarge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, h)
		})
	}
}
