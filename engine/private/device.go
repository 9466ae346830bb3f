package private

import (
	"context"
	"time"

	"github.com/provodka/provodka/ledger/store"
)

const kindDevice = "device"

// DeviceID is the id of the device with a token: of the token alone, so that a device which
// changes hands stays one.
func (v *Vault) DeviceID(book, token string) string { return v.id("device", book, token) }

// Device is a device's row: its token sealed with the key of its person, who has one.
func (v *Vault) Device(ctx context.Context, book, member, session, token string, now time.Time) (store.Device, error) {
	d := store.Device{Book: book, ID: v.DeviceID(book, token), Member: member, Session: session, Created: now}
	var err error
	d.Token, err = v.sealBeside(ctx, deviceRow(d, []byte(token)))
	return d, err
}

// DeviceTokens opens the tokens of devices of a book, by id. What does not open any more is
// left out.
func (v *Vault) DeviceTokens(ctx context.Context, book string, devices []store.Device) (map[string]string, error) {
	var members []string
	seen := map[string]bool{}
	for _, d := range devices {
		if !seen[d.Member] {
			seen[d.Member] = true
			members = append(members, d.Member)
		}
	}
	keys, err := v.db.PrivateKeys(ctx, book, members)
	if err != nil {
		return nil, err
	}
	of := map[string]store.PrivateKey{}
	for _, k := range keys {
		of[k.Owner] = k
	}
	out := map[string]string{}
	for _, d := range devices {
		row := deviceRow(d, d.Token)
		row.Key = of[d.Member]
		if text, ok, err := v.text(row); ok && err == nil {
			out[d.ID] = string(text)
		}
	}
	return out, nil
}

func deviceRow(d store.Device, data []byte) store.PrivateRow {
	return store.PrivateRow{Book: d.Book, Kind: kindDevice, ID: d.ID, Version: 1, Owner: d.Member, Data: data}
}
