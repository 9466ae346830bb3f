package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// BankLine is what the bank has told of a line of an account of ours.
type BankLine struct {
	Line      string // in the books
	Operation string // the bank's id of it, which may change
	Day       string // YYYY-MM-DD
	Debit     bool
	Amount    string // rubles, scale 2; zero = the bank does not tell it any more
	Content   string // keyed hash of the requisites that it has
	Made      string // and of those that the line's id was made of
	Nth       int    // among the lines of the same Made
}

// BankLines are what is asked about.
type BankLines struct {
	Book, Account string
	From, To      string   // days
	Operations    []string // whatever their days
	Made          []string // the same
}

// TellBank has plan compare what the bank has told before with what it tells now, and writes
// what plan gives. It is one serializable transaction: of two who are told at once one sees
// what the other has written. plan may be called several times.
func (db *DB) TellBank(ctx context.Context, of BankLines, plan func(known []BankLine) []BankLine) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sqlBankLineNear, of.Book, of.Account, of.From, of.To, of.Operations, of.Made)
		if err != nil {
			return err
		}
		known, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l BankLine, err error) {
			err = row.Scan(&l.Line, &l.Operation, &l.Day, &l.Debit, &l.Amount, &l.Content, &l.Made, &l.Nth)
			return l, err
		})
		if err != nil {
			return err
		}
		return writeBankLines(ctx, tx, sqlBankLineUpsert, of, plan(known))
	})
	if err != nil {
		return fmt.Errorf("note what the bank tells: %w", err)
	}
	return nil
}

// RecallBank writes lines of an account of which nothing that the bank has told is kept any more;
// one that is kept stays as it is.
func (db *DB) RecallBank(ctx context.Context, book, account string, lines []BankLine) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return writeBankLines(ctx, tx, sqlBankLineRecall, BankLines{Book: book, Account: account}, lines)
	})
	if err != nil {
		return fmt.Errorf("recall what the bank has told: %w", err)
	}
	return nil
}

func writeBankLines(ctx context.Context, tx pgx.Tx, sql string, of BankLines, lines []BankLine) error {
	if len(lines) == 0 {
		return nil
	}
	n := len(lines)
	ids, operations, days, debits := make([]string, n), make([]string, n), make([]string, n), make([]bool, n)
	amounts, contents, made, nths := make([]string, n), make([]string, n), make([]string, n), make([]int64, n)
	for i, l := range lines {
		ids[i], operations[i], days[i], debits[i] = l.Line, l.Operation, l.Day, l.Debit
		amounts[i], contents[i], made[i], nths[i] = l.Amount, l.Content, l.Made, int64(l.Nth)
	}
	_, err := tx.Exec(ctx, sql, of.Book, of.Account, ids, operations, days, debits, amounts, contents, made, nths)
	return err
}

// BankRead is the last day of an account's statement that was read wholly, YYYY-MM-DD; "" when
// none was.
func (db *DB) BankRead(ctx context.Context, book, account string) (string, error) {
	days, err := collect(ctx, db, "bank_read", func(rows pgx.Rows) (day string, err error) {
		return day, rows.Scan(&day)
	}, sqlBankReadFind, book, account)
	if err != nil || len(days) == 0 {
		return "", err
	}
	return days[0], nil
}

// NoteBankRead notes that a day was read wholly; an earlier one than was read is nothing.
func (db *DB) NoteBankRead(ctx context.Context, book, account, day string) error {
	if err := db.writeOne(ctx, sqlBankReadPut, book, account, day); err != nil {
		return fmt.Errorf("note how far a statement was read: %w", err)
	}
	return nil
}
