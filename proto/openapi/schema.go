package main

import (
	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// ref refers to the schema of a message and makes it when it is new.
func (d *document) ref(m *protogen.Message) object {
	switch m.Desc.FullName() {
	case "google.protobuf.Timestamp":
		return object{"type": "string", "format": "date-time"}
	case "google.protobuf.Duration":
		return object{"type": "string", "pattern": `^-?[0-9]+(\.[0-9]{1,9})?s$`}
	}
	name, known := d.names[m.Desc.FullName()]
	if !known {
		// "ledger.v1.Entry": messages of two packages may have one name.
		name = string(m.Desc.FullName())[len("provodka."):]
		d.names[m.Desc.FullName()] = name
		d.schemas[name] = d.message(m, nil)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// isText says whether the JSON of the message is one text.
func isText(m protoreflect.MessageDescriptor) bool {
	return m.FullName() == "google.protobuf.Timestamp" || m.FullName() == "google.protobuf.Duration"
}

// message is the schema of a message without some of its fields.
func (d *document) message(m *protogen.Message, without map[string]bool) object {
	properties := object{}
	for _, f := range m.Fields {
		if without[string(f.Desc.Name())] {
			continue
		}
		s := d.field(f)
		if about := words(f.Comments.Leading); about != "" {
			s["description"] = about
		}
		properties[string(f.Desc.Name())] = s
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if about := words(m.Comments.Leading); about != "" {
		out["description"] = about
	}
	var choices []object
	for _, o := range m.Oneofs {
		rules, _ := proto.GetExtension(o.Desc.Options(), validate.E_Oneof).(*validate.OneofRules)
		if o.Desc.IsSynthetic() || !rules.GetRequired() {
			continue
		}
		var one []object
		for _, f := range o.Fields {
			if !without[string(f.Desc.Name())] {
				one = append(one, object{"required": []string{string(f.Desc.Name())}})
			}
		}
		if len(one) == len(o.Fields) {
			choices = append(choices, object{"oneOf": one})
		}
	}
	if len(choices) > 0 {
		out["allOf"] = choices
	}
	return out
}

// field is the schema of a field with the rules of its values.
func (d *document) field(f *protogen.Field) object {
	rules, _ := proto.GetExtension(f.Desc.Options(), validate.E_Field).(*validate.FieldRules)
	switch {
	case f.Desc.IsMap():
		return object{"type": "object", "additionalProperties": d.value(f.Message.Fields[1], nil)}
	case f.Desc.IsList():
		list := object{"type": "array", "items": d.value(f, rules.GetRepeated().GetItems())}
		if r := rules.GetRepeated(); r != nil {
			number(list, "minItems", r.MinItems)
			number(list, "maxItems", r.MaxItems)
		}
		return list
	}
	return d.value(f, rules)
}

// value is the schema of one value of a field.
func (d *document) value(f *protogen.Field, rules *validate.FieldRules) object {
	switch f.Desc.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return d.ref(f.Message)
	case protoreflect.EnumKind:
		var names []string
		for _, v := range f.Enum.Values {
			names = append(names, string(v.Desc.Name()))
		}
		return object{"type": "string", "enum": names}
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.BytesKind:
		return object{"type": "string", "contentEncoding": "base64"}
	case protoreflect.StringKind:
		s := object{"type": "string"}
		if r := rules.GetString(); r != nil {
			number(s, "minLength", r.MinLen)
			number(s, "maxLength", r.MaxLen)
			number(s, "x-max-bytes", r.MaxBytes)
			if r.Pattern != nil {
				s["pattern"] = r.GetPattern()
			}
			if len(r.GetIn()) > 0 {
				s["enum"] = r.GetIn()
			}
		}
		return s
	case protoreflect.Int32Kind, protoreflect.Uint32Kind, protoreflect.Sint32Kind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		n := object{"type": "integer"}
		if r := rules.GetInt32(); r != nil {
			if v, ok := r.GetGreaterThan().(*validate.Int32Rules_Gte); ok {
				n["minimum"] = v.Gte
			}
			if v, ok := r.GetLessThan().(*validate.Int32Rules_Lte); ok {
				n["maximum"] = v.Lte
			}
		}
		return n
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return object{"type": "number"}
	default: // 64 bits: texts in protobuf's JSON
		return object{"type": "string", "pattern": "^-?[0-9]+$"}
	}
}

func number(s object, name string, v *uint64) {
	if v != nil {
		s[name] = *v
	}
}
