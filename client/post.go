package client

import (
	"context"
	"fmt"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Post posts one operation in the client's book. A refusal is a *Refusal; any other error
// says that the outcome is unknown: ask again with the same key, which is in op.Key
// afterwards also when it was left empty. Many operations are faster through a Batcher.
func (c *Client) Post(ctx context.Context, op *ledgerv1.Operation) (*ledgerv1.OperationResult, error) {
	return c.post(ctx, &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{op}})
}

// DryRun decides one operation as Post would now, and changes nothing: no key is
// remembered.
func (c *Client) DryRun(ctx context.Context, op *ledgerv1.Operation) (*ledgerv1.OperationResult, error) {
	return c.post(ctx, &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{op}, DryRun: true})
}

func (c *Client) post(ctx context.Context, req *ledgerv1.PostRequest) (*ledgerv1.OperationResult, error) {
	answer, err := c.Ledger.Post(ctx, req)
	if err != nil {
		return nil, err
	}
	if n := len(answer.GetResults()); n != 1 {
		return nil, fmt.Errorf("client: %d results for one operation", n)
	}
	return resultOf(answer.GetResults()[0])
}

// resultOf is a result with its refusal, where it is one, as an error.
func resultOf(r *ledgerv1.OperationResult) (*ledgerv1.OperationResult, error) {
	if refusal := RefusalOf(r.GetRefusal()); refusal != nil {
		return r, refusal
	}
	return r, nil
}
