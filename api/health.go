package api

import (
	"context"
	"net/http"
	"slices"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/fault"
)

// health serves grpc.health.v1, which asks for no key.
func health(mux *http.ServeMux, ready func() bool) {
	mux.Handle(grpc_health_v1.Health_Check_FullMethodName, connect.NewUnaryHandlerSimple(
		grpc_health_v1.Health_Check_FullMethodName,
		func(_ context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
			if name := req.GetService(); name != "" && !slices.Contains(gate.Services(), name) {
				return nil, gate.ToError(fault.Refuse(fault.NotFound, "service", "there is no such service"))
			}
			status := grpc_health_v1.HealthCheckResponse_NOT_SERVING
			if ready() {
				status = grpc_health_v1.HealthCheckResponse_SERVING
			}
			return &grpc_health_v1.HealthCheckResponse{Status: status}, nil
		},
		connect.WithReadMaxBytes(4096),
	))
}

// reflection tells tools what there is, which is no secret: the files are public.
func reflection(mux *http.ServeMux) {
	reflector := grpcreflect.NewStaticReflector(append(gate.Services(), grpc_health_v1.Health_ServiceDesc.ServiceName)...)
	mux.Handle(grpcreflect.NewHandlerV1(reflector))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector))
}
