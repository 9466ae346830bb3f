package registercsv

import _ "embed"

// instruction is what people read before they fill in the template.
//
//go:embed instruction.md
var instruction []byte

// Instruction tells people, in Russian, how to fill in the template and what becomes of the file.
func Instruction() []byte { return instruction }
