package consent

import (
	"crypto/sha256"
	"embed"
	"fmt"

	"github.com/provodka/provodka/ledger/machine"
)

//go:embed *.md
var files embed.FS

// index is the table of the texts.
const index = "consent.md"

// Text is one version of a text.
type Text struct {
	Name, Version, Content string
	SHA256                 [sha256.Size]byte
}

// Texts are all versions of all texts.
type Texts []Text

// Load reads the table and its files. A row without its file, or a version that stands
// twice, is a mistake of the program.
func Load() (Texts, error) {
	raw, err := files.ReadFile(index)
	if err != nil {
		return nil, err
	}
	tables, err := machine.ParseTables("api/consent/"+index, string(raw))
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Texts")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Name", "Version", "File", "Meaning"); err != nil {
		return nil, err
	}
	var all Texts
	for _, r := range t.Rows {
		content, err := files.ReadFile(r.Cell("File"))
		if err != nil {
			return nil, r.Errorf("%w", err)
		}
		text := Text{Name: r.Cell("Name"), Version: r.Cell("Version"), Content: string(content), SHA256: sha256.Sum256(content)}
		if _, twice := all.Find(text.Name, text.Version); twice || text.Name == "" || text.Version == "" {
			return nil, r.Errorf("%s %s stands twice, or has no name", text.Name, text.Version)
		}
		all = append(all, text)
	}
	return all, nil
}

// Current is today's version of a text: its last row. A name that the table lacks is a
// mistake of the program.
func (t Texts) Current(name string) Text {
	for i := len(t) - 1; i >= 0; i-- {
		if t[i].Name == name {
			return t[i]
		}
	}
	panic(fmt.Sprintf("consent: there is no text %q", name))
}

// Find is one version of a text.
func (t Texts) Find(name, version string) (Text, bool) {
	for _, text := range t {
		if text.Name == name && text.Version == version {
			return text, true
		}
	}
	return Text{}, false
}
