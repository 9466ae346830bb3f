package api

import (
	"github.com/provodka/provodka/proto/gen/provodka/company/v1/companyv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/executor/v1/executorv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/register/v1/registerv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/statement/v1/statementv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
)

type companyService struct {
	*Server
	companyv1connect.UnimplementedCompanyServiceHandler
}
type executorService struct {
	*Server
	executorv1connect.UnimplementedExecutorServiceHandler
}
type taskService struct {
	*Server
	taskv1connect.UnimplementedTaskServiceHandler
}
type registerService struct {
	*Server
	registerv1connect.UnimplementedRegisterServiceHandler
}
type statementService struct {
	*Server
	statementv1connect.UnimplementedStatementServiceHandler
}
