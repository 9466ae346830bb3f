package gate

import (
	"fmt"
	"slices"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	subscriptionv1 "github.com/provodka/provodka/proto/gen/provodka/subscription/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// files are the descriptors of our services.
func files() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		ledgerv1.File_provodka_ledger_v1_ledger_proto, ledgerv1.File_provodka_ledger_v1_proof_proto, ledgerv1.File_provodka_ledger_v1_export_proto, companyv1.File_provodka_company_v1_company_proto,
		executorv1.File_provodka_executor_v1_executor_proto, executorv1.File_provodka_executor_v1_app_proto, executorv1.File_provodka_executor_v1_invitation_proto, documentv1.File_provodka_document_v1_document_proto, taskv1.File_provodka_task_v1_service_proto,
		registerv1.File_provodka_register_v1_register_proto, statementv1.File_provodka_statement_v1_statement_proto,
		subscriptionv1.File_provodka_subscription_v1_subscription_proto, taxv1.File_provodka_tax_v1_tax_proto, userv1.File_provodka_user_v1_user_proto,
		registrationv1.File_provodka_registration_v1_registration_proto,
	}
}

// Methods lists the methods of our services.
func Methods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	for _, f := range files() {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			for j := range service.Methods().Len() {
				all = append(all, service.Methods().Get(j))
			}
		}
	}
	return all
}

// methodName is "provodka.ledger.v1.LedgerService/Post".
func methodName(m protoreflect.MethodDescriptor) string {
	return string(m.Parent().FullName()) + "/" + string(m.Name())
}

// Services lists the names of our services.
func Services() []string {
	var all []string
	for _, m := range Methods() {
		if name := string(m.Parent().FullName()); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// newValidator compiles the rules of every request at start.
func newValidator() (protovalidate.Validator, error) {
	var requests []proto.Message
	for _, m := range Methods() {
		t, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		requests = append(requests, t.New().Interface())
	}
	v, err := protovalidate.New(protovalidate.WithMessages(requests...))
	if err != nil {
		return nil, fmt.Errorf("api: the rules of the requests: %w", err)
	}
	return quick{v}, nil
}
