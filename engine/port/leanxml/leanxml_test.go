package leanxml

import (
	"bytes"
	"encoding/xml"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// answer has every form of a field that the adapters use.
type answer struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Fault   *struct {
		Code   string    `xml:"faultcode"`
		Detail *struct{} `xml:"detail>Auth"`
	} `xml:"Body>Fault"`
	Sent *struct {
		ID string `xml:"MessageId"`
	} `xml:"Body>Sent"`
	Got *struct {
		Status  string   `xml:"Status,attr"`
		Granted []string `xml:"Message>Granted"`
		Lines   []struct {
			Name string `xml:"urn:one Name"`
			Sum  string `xml:"Sum"`
		} `xml:"Message>Lines"`
	} `xml:"Body>Got"`
}

const soap = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>`

// documents are what partners send, and what they might.
var documents = []string{
	xml.Header + soap + `<Sent xmlns="urn:x"><MessageId>абв-1</MessageId></Sent></soap:Body></soap:Envelope>`,
	soap + "<soap:Fault>\n <faultcode>soap:Server</faultcode>\t<detail><Auth xmlns=\"urn:x\"/></detail></soap:Fault></soap:Body></soap:Envelope>",
	soap + `<a:Got xmlns:a="urn:x" Status='done'><a:Message><a:Granted>ONE</a:Granted><Granted></Granted><Granted/></a:Message></a:Got></soap:Body></soap:Envelope>`,
	soap + `<Got><Message><Lines><Name xmlns="urn:one">x</Name><Sum>1.00</Sum></Lines><Lines><Name>not</Name><Sum> 2 </Sum></Lines><Other>y<z/></Other></Message></Got></soap:Body></soap:Envelope>`,
	`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Sent><MessageId>a<b>c</b>d</MessageId></Sent></Body></Envelope>`,
	soap + `<Sent><MessageId>Ромашка &amp; &quot;Ко&quot;</MessageId></Sent></soap:Body></soap:Envelope>`,
	soap + `<!-- c --><Sent><MessageId><![CDATA[a]]></MessageId></Sent></soap:Body></soap:Envelope>`,
	soap + "<Sent><MessageId>a\r\nb</MessageId></Sent></soap:Body></soap:Envelope>",
	soap + `<Sent><MessageId>]]></MessageId></Sent></soap:Body></soap:Envelope>`,
	`<?xml version="1.0" encoding="windows-1251"?>` + soap + `</soap:Body></soap:Envelope>`,
	soap + `<Sent></Sent></soap:Body></soap:Envelope> and more <`,
	`<wrong/>`, ``, ` `, `<`, `<a`, `<a b=c></a>`, `<a></b>`, `<a:b:c/>`, `<1/>`, soap, "\xff" + soap, `<a x="1"y="2"/>`,
	soap + `<Sent/></soap:Body></other:Envelope>`, `text only`, soap + `<Sent x="<"/></soap:Body></soap:Envelope>`,
}

// same compares with the library: value and error.
func same(t *testing.T, document []byte) {
	t.Helper()
	var want answer
	wantErr := xml.Unmarshal(document, &want)
	got, err := Unmarshal[answer](document)
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("%q: %v, the library says %v", document, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(*got, want) {
		t.Fatalf("%q:\n%+v, the library reads\n%+v", document, *got, want)
	}
}

func TestReadsWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	for _, d := range documents {
		same(t, []byte(d))
	}
	parts := strings.Split(`<|>|/|</|/>|"|=|'| |&|:|a|Sent|]]>|<!--|-->|<?x?>|xmlns="urn:y"|xmlns:a="urn:x"|MessageId|я|`+"\n|\r|\x00", "|")
	r := rand.New(rand.NewPCG(1, 2))
	for range 30_000 { // a piece taken out, another put in
		d := documents[r.IntN(len(documents))]
		for range 1 + r.IntN(2) {
			from := r.IntN(len(d) + 1)
			until := min(len(d), from+r.IntN(4))
			d = d[:from] + parts[r.IntN(len(parts))] + d[until:]
		}
		same(t, []byte(d))
	}
}

// TestPlainDocumentsAreReadHere: the answers of every day do not go to the library twice.
func TestPlainDocumentsAreReadHere(t *testing.T) {
	t.Parallel()
	for i, d := range documents[:5] {
		text, ok := plain([]byte(d))
		if !ok || xml.NewTokenDecoder(&tokens{rest: text}).Decode(new(answer)) != nil {
			t.Errorf("document %d is not read here", i)
		}
	}
}

func TestWritesTheLibrarysBytes(t *testing.T) {
	t.Parallel()
	for _, d := range documents[:5] {
		v, err := Unmarshal[answer]([]byte(d))
		if err != nil {
			t.Fatal(err)
		}
		want, err := xml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := Marshal(xml.Header, v)
			if err != nil || !bytes.Equal(got, append([]byte(xml.Header), want...)) {
				t.Errorf("%s, %v\n%s", got, err, want)
			}
		}
	}
	if _, err := Marshal("", func() {}); err == nil {
		t.Error("what cannot be written was")
	}
	if got, err := Marshal("", "left of a failure is nothing"); err != nil || string(got) != "<string>left of a failure is nothing</string>" {
		t.Errorf("%s %v", got, err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
	f.Fuzz(same)
}

func BenchmarkUnmarshal(b *testing.B) {
	document := []byte(documents[0])
	b.Run("lean", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Unmarshal[answer](document); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := xml.Unmarshal(document, new(answer)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
