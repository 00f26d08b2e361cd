package web

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/i18n"
)

// done is the result of a form: the key of a phrase, without its prefix, and
// the change, if it can be undone. It is carried to the next page in a cookie,
// which users can forge for themselves: it only decides which button is shown.
type done struct {
	phrase   string
	target   events.Aggregate
	revision uint64
	// filter is a saved filter that was deleted; undo saves it again.
	filter *accounts.SavedFilter
}

// did returns the message for an outcome; nil if nothing changed.
func did(phrase string, o commands.Outcome) *done {
	if len(o.Events) == 0 {
		return nil
	}
	last := o.Events[len(o.Events)-1]
	return &done{phrase: phrase, target: last.Aggregate, revision: last.Revision}
}

func (d *done) String() string {
	text := fmt.Sprintf("%s.%s.%s.%d", d.phrase, d.target.Kind, d.target.ID, d.revision)
	if d.filter != nil {
		form := url.Values{"name": {d.filter.Name}, "q": {d.filter.Query}, "project": {d.filter.Project.String()}}
		text += "." + base64.RawURLEncoding.EncodeToString([]byte(form.Encode()))
	}
	return text
}

func parseDone(text string) *done {
	parts := strings.Split(text, ".")
	if len(parts) != 4 && len(parts) != 5 {
		return nil
	}
	if !i18n.Has("done." + parts[0]) {
		return nil
	}
	d := &done{phrase: parts[0], target: events.Aggregate{Kind: events.Kind(parts[1])}}
	var err, err2 error
	d.target.ID, err = uuid.Parse(parts[2])
	d.revision, err2 = strconv.ParseUint(parts[3], 10, 64)
	if err != nil || err2 != nil {
		return nil
	}
	if len(parts) == 5 {
		text, err := base64.RawURLEncoding.DecodeString(parts[4])
		form, err2 := url.ParseQuery(string(text))
		if err != nil || err2 != nil {
			return nil
		}
		d.filter = &accounts.SavedFilter{Name: form.Get("name"), Query: form.Get("q"), Project: personID(form.Get("project"))}
	}
	return d
}

// undoable reports whether there is a change to undo.
func (d *done) undoable() bool {
	return d.revision > 0 && (d.target.Kind == events.KindTask || d.target.Kind == events.KindProject)
}

// undoPath returns the path that undoes the change.
func undoPath(target events.Aggregate) string {
	return fmt.Sprintf("/%ss/%s/undo", target.Kind, target.ID)
}
