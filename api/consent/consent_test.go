package consent

import (
	"encoding/hex"
	"testing"
)

// released are versions that somebody may have accepted: their files never change.
var released = map[string]string{
	"policy 2026-11-22":     "f9dd2e572a1e8c6d00d73f1b06fa46be3e3d3012b8efeeb97ff554e8c3696153",
	"agreement 2026-11-22":  "66582f7d5d595ca36f06ce5cea6ebac4100285225f585f551faac3acc7302985",
	"executor 2026-11-23":   "17fd80cacefed76b3b0c5e277f2c7e1bb1afc90262e8dba00b8e4106d219b6ac",
	"conditions 2026-11-22": "33757290c037f2000eeb5e84ed921d37af6660bd78299b92543d641649840eba",
}

func TestReleasedTextsStay(t *testing.T) {
	t.Parallel()
	texts, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{index: true}
	for _, text := range texts {
		name := text.Name + " " + text.Version
		if got := hex.EncodeToString(text.SHA256[:]); released[name] != got {
			t.Errorf("%s is %s, and was released as %q", name, got, released[name])
		}
		seen[text.Name+"_"+text.Version+".md"] = true
	}
	if len(texts) != len(released) {
		t.Errorf("%d texts of %d that were released", len(texts), len(released))
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !seen[e.Name()] {
			t.Errorf("%s has no row", e.Name())
		}
	}
	for _, name := range []string{"policy", "agreement", "conditions", "executor"} {
		if _, ok := texts.Find(name, texts.Current(name).Version); !ok {
			t.Errorf("no %s", name)
		}
	}
}
