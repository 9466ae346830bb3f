package gate

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// checkKeys refuses keys of the house, wherever in the request they stand. What the
// product's API has put before a key of the caller's company is the house's word.
func checkKeys(who Principal, m protoreflect.Message, path string, depth int) (refusal *fault.Refusal) {
	if depth == 0 {
		return nil
	}
	if post, ok := m.Interface().(*ledgerv1.PostRequest); ok { // thousands: read as they are
		for i, op := range post.GetOperations() {
			if refusal := checkKey(who, op.GetKey(), "key"); refusal != nil {
				return refusal.At(fmt.Sprintf("operations[%d]", i))
			}
		}
		return nil
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := path + string(f.Name())
		switch {
		case f.Name() == "key" && f.Kind() == protoreflect.StringKind && !f.IsList():
			refusal = checkKey(who, v.String(), at)
		case f.Kind() != protoreflect.MessageKind || f.IsMap() || !strings.HasPrefix(string(f.Message().FullName()), "provodka."):
		case f.IsList():
			for i := 0; i < v.List().Len() && refusal == nil; i++ {
				refusal = checkKeys(who, v.List().Get(i).Message(), fmt.Sprintf("%s[%d].", at, i), depth-1)
			}
		default:
			refusal = checkKeys(who, v.Message(), at+".", depth-1)
		}
		return refusal == nil
	})
	return refusal
}

func checkKey(who Principal, key, field string) *fault.Refusal {
	begins := engine.HouseKey(key)
	if begins == "" || who.Owner != "" && who.Session == nil && strings.HasPrefix(key, "api:"+who.Owner+":") {
		return nil
	}
	return fault.Refuse(fault.Malformed, field, "keys that begin with %q are the house's own", begins)
}
