package api

import (
	"context"
	"slices"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/provodka/provodka/ledger/fault"
)

// health serves grpc.health.v1, which asks for no key.
func (s *Server) health() {
	s.mux.Handle(grpc_health_v1.Health_Check_FullMethodName, connect.NewUnaryHandlerSimple(
		grpc_health_v1.Health_Check_FullMethodName,
		func(_ context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
			if name := req.GetService(); name != "" && !slices.Contains(services(), name) {
				return nil, toError(fault.Refuse(fault.NotFound, "service", "there is no such service"))
			}
			status := grpc_health_v1.HealthCheckResponse_NOT_SERVING
			if s.cfg.Ready() {
				status = grpc_health_v1.HealthCheckResponse_SERVING
			}
			return &grpc_health_v1.HealthCheckResponse{Status: status}, nil
		},
		connect.WithReadMaxBytes(4096),
	))
}

// reflection tells tools what there is, which is no secret: the files are public.
func (s *Server) reflection() {
	reflector := grpcreflect.NewStaticReflector(append(services(), grpc_health_v1.Health_ServiceDesc.ServiceName)...)
	s.mux.Handle(grpcreflect.NewHandlerV1(reflector))
	s.mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector))
}
