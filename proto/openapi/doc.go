// Command openapi is a plugin of buf that writes the OpenAPI 3.1 document of the REST
// paths: what google.api.http says of paths, what protovalidate says of values, and
// what the .proto files say in their comments.
//
//	provodka/*/v1/*.proto ─▶ buf generate ─▶ api/rest/openapi.json ─▶ /openapi.json, /docs
//
// Law kept: the document says what runs, because it is made of what runs; the same
// .proto files give the same bytes.
//
// It refuses to know: any method or message by name, but the well-known ones of JSON.
package main
