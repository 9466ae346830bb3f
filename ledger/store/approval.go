package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/journal"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ApprovalRow is what two people decide, as it stands.
type ApprovalRow struct {
	Shard    int
	Book     string
	Approval *journalv1.Approval
}

// LoadApprovals reads what the records of these numbers asked a second person to approve.
func (db *DB) LoadApprovals(ctx context.Context, shard int, seqs []uint64) ([]ApprovalRow, error) {
	return collect(ctx, db, "approvals", scanApproval, sqlApprovalLoad, shard, numbersOf(seqs))
}

// ApprovalPage asks for a page of what a book's people decide, of one state, by id.
type ApprovalPage struct {
	Book  string
	State journalv1.ApprovalState
	After RecordID // the last one of the page before
	Limit int
}

// Approvals reads a page.
func (db *DB) Approvals(ctx context.Context, page ApprovalPage) ([]ApprovalRow, error) {
	return collect(ctx, db, "approvals", scanApproval, sqlApprovalPage,
		page.Book, int16(page.State), page.After.Shard, int64(page.After.Seq), page.Limit)
}

func scanApproval(rows pgx.Rows) (r ApprovalRow, err error) {
	var body []byte
	if err = rows.Scan(&r.Shard, &r.Book, &body); err != nil {
		return r, err
	}
	r.Approval = &journalv1.Approval{}
	if err = proto.Unmarshal(body, r.Approval); err != nil {
		err = fmt.Errorf("approval on shard %d: %w", r.Shard, err)
	}
	return r, err
}

// approvalRow is what two people decide, after the batch.
type approvalRow struct {
	book string
	m    *journalv1.Approval
}

func (r *Rows) addApproval(s journal.Sealed) {
	if m := s.Record.GetApproval(); m != nil {
		row, _ := r.approvals.put(m.GetSeq())
		*row = approvalRow{s.Record.GetBook(), m}
	}
}

func (r *Rows) encodeApprovals(fixed [][]byte) {
	t := r.encoder.table("approval_upsert", fixed, oidInt8, oidText, oidInt2, oidBytea)
	for i := range r.approvals.rows {
		row := &r.approvals.rows[i]
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(row.m)
		if err != nil {
			r.encoder.err = fmt.Errorf("approval %d: %w", row.m.GetSeq(), err)
			return
		}
		t.row().int8(int64(row.m.GetSeq())).text(row.book).int2(int16(row.m.GetState())).raw(raw)
	}
	t.flush()
}
