package user

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/store"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// sessionMessages are sessions of one user, as the user sees them.
func (s *Service) sessionMessages(ctx context.Context, current string, rows ...store.Session) ([]*userv1.Session, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	notes := map[string][]byte{}
	for _, row := range rows {
		notes[row.ID] = row.Note
	}
	opened, err := s.Vault.OpenNotes(ctx, rows[0].Book, rows[0].Member, notes)
	if err != nil {
		return nil, err
	}
	var out []*userv1.Session
	for _, row := range rows {
		out = append(out, &userv1.Session{
			Id: row.ID, BegunAt: timestamppb.New(row.Begun), UsedAt: timestamppb.New(row.Used), IdleAt: timestamppb.New(row.Ends),
			ExpiresAt: timestamppb.New(row.Until), Current: row.ID == current,
			Address: opened[row.ID].GetAddress(), UserAgent: opened[row.ID].GetUserAgent(),
		})
	}
	return out, nil
}
