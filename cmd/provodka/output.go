package main

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The values of --output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

func (e *Env) checkOutput() error {
	if e.Output != outputTable && e.Output != outputJSON {
		return usagef("--output %q: table or json", e.Output)
	}
	return nil
}

func (e *Env) json() bool { return e.Output == outputJSON }

// printJSON writes one value for programs.
func (e *Env) printJSON(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printMessage prints an answer of the API by the names of its fields, empty ones too.
func (e *Env) printMessage(m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(m)
	if err != nil {
		return err
	}
	return e.printJSON(json.RawMessage(raw))
}
