package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	_ "time/tzdata" // time zones on any machine, so that days begin when they do for the user

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/gateway/web/markdown"
	"github.com/docketlog/docket/i18n"
	"github.com/docketlog/docket/projections"
)

// view is the context of every page: the user, the language and the address.
type view struct {
	web      *Web
	language i18n.Language
	zone     *time.Location
	theme    string
	me       accounts.Person
	session  uuid.UUID
	here     string // the requested address, path and query
	page     string // the page's name, for styles and scripts
	title    string
	done     *done
	key      string // idempotency key of the page's forms

	// at is the position the page reflects, once it has read; before that, the
	// position it has to reach. stale says that the rows did not reach it in
	// time.
	at       events.Position
	stale    bool
	projects []projections.Project
	project  *projections.Project
	labels   []string
}

func (w *Web) view(rw http.ResponseWriter, r *http.Request) *view {
	caller := access.From(r.Context())
	v := &view{
		web: w, language: languageOf(r), zone: zoneOf(r), session: caller.Session,
		here: r.URL.RequestURI(), key: uuid.NewString(), theme: themeOf(r),
	}
	if caller.Account != uuid.Nil {
		v.me = w.person(caller.Account)
	}
	if c, err := r.Cookie(doneCookie); err == nil && r.Method == http.MethodGet {
		v.done = parseDone(c.Value)
		http.SetCookie(rw, w.cookie(doneCookie, "", -1))
	}
	for _, text := range []string{r.Header.Get(service.PositionHeader), cookieValue(r, positionCookie)} {
		if at, err := events.ParsePosition(text); err == nil && !at.IsZero() && at.Sequence > v.at.Sequence {
			v.at = at
		}
	}
	return v
}

func cookieValue(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

func themeOf(r *http.Request) string {
	switch t := cookieValue(r, themeCookie); t {
	case "light", "dark":
		return t
	}
	return ""
}

func zoneOf(r *http.Request) *time.Location {
	name := cookieValue(r, zoneCookie)
	if name == "" || len(name) > 64 {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		return time.UTC
	}
	return zone
}

// languageOf returns the language the user has chosen or, failing that, the
// supported language nearest to what the browser requests.
func languageOf(r *http.Request) i18n.Language {
	if chosen, ok := i18n.Parse(cookieValue(r, languageCookie)); ok {
		return chosen
	}
	l, _ := i18n.Match(r.Header.Get("Accept-Language"))
	return l
}

// T returns the phrase of that key in the reader's language; see
// [i18n.Language.Text].
func (v *view) T(key string, args ...any) string { return v.language.Text(key, args...) }

// name sets the page's name and title.
func (v *view) name(page string) {
	v.page, v.title = page, v.T("page."+page)
}

// signedIn reports whether the user is signed in.
func (v *view) signedIn() bool { return v.me.ID != uuid.Nil }

// writes reports whether the user may change tasks of the page's project.
func (v *view) writes() bool {
	return v.project != nil && v.project.Role.Writes() && !v.project.Archived
}

// whyNot returns why the user may not change tasks of the page's project, "" if
// they may or there is no project.
func (v *view) whyNot() string {
	switch {
	case v.project == nil || v.writes():
		return ""
	case v.project.Archived:
		return v.T("problem.project_archived")
	}
	return v.T("problem.forbidden")
}

// owns reports whether the user may change the project itself.
func (v *view) owns() bool { return v.project != nil && v.project.Role == events.RoleOwner }

// today returns the calendar day in the user's time zone.
func (v *view) today() time.Time {
	y, m, d := time.Now().In(v.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Day formats a calendar day for people; see [i18n.Language.Day].
func (v *view) Day(d events.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return v.language.Day(t, v.today())
}

// Moment formats an instant in the user's time zone.
func (v *view) Moment(t time.Time) string { return v.language.Moment(t.In(v.zone), v.today()) }

// late reports whether a day has passed, and soon whether it is today or
// tomorrow.
func (v *view) late(d events.Date) bool {
	return d != "" && string(d) < v.today().Format(time.DateOnly)
}

func (v *view) soon(d events.Date) bool {
	return d != "" && !v.late(d) && string(d) <= v.today().AddDate(0, 0, 1).Format(time.DateOnly)
}

// readTimeout is how long a page waits for the rows to reflect the user's last
// change; after that it is shown as it is, with a note.
const readTimeout = 2 * time.Second

// read reads the rows for a page, and the data that every page needs.
func read[T any](ctx context.Context, v *view, ask func(context.Context, *projections.Snapshot) (T, error)) (T, error) {
	whole := func(ctx context.Context, s *projections.Snapshot) (T, error) {
		var err error
		if v.projects, _, err = s.Projects(ctx, v.me.ID, projections.Page{Limit: 100}); err != nil {
			var none T
			return none, err
		}
		return ask(ctx, s)
	}
	soon, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	answer, reached, err := service.Read(soon, v.web.service, v.at, whole)
	if errors.Is(err, events.ErrIncarnation) && !v.at.IsZero() {
		// The browser's cookie holds a position of another log.
		v.at = events.Position{}
		answer, reached, err = service.Read(ctx, v.web.service, v.at, whole)
	}
	if err != nil && !v.at.IsZero() && soon.Err() != nil && ctx.Err() == nil {
		v.stale = true
		answer, reached, err = service.Read(ctx, v.web.service, events.Position{}, whole)
	}
	if err == nil {
		v.at = reached
		if v.project != nil {
			err = v.web.service.StillIn(ctx, v.project.ID)
		}
	}
	return answer, err
}

// open makes the project the page's project.
func (v *view) open(ctx context.Context, s *projections.Snapshot, id uuid.UUID) error {
	p, err := s.Project(ctx, v.me.ID, id)
	if err != nil {
		return err
	}
	v.project = &p
	return nil
}

// personName returns an account's name.
func (v *view) personName(id uuid.UUID) string { return v.web.person(id).Name }

// rich returns text as HTML that is safe to show.
func (v *view) rich(text string) string { return markdown.HTML(text, v.personName) }

// plainText returns text with mentions as people write them.
func (v *view) plainText(text string) string { return markdown.Plain(text, v.web.person) }

// members returns the project's members, with their names.
func (v *view) members() []accounts.Person {
	if v.project == nil {
		return nil
	}
	all := make([]accounts.Person, len(v.project.Members))
	for i, m := range v.project.Members {
		all[i] = v.web.person(m.Account)
	}
	return all
}

// statusName returns the board's name of a status.
func (v *view) statusName(key string) string { return statusNameIn(v, v.project, key) }

func statusNameIn(v *view, p *projections.Project, key string) string {
	if p == nil {
		return key
	}
	key = p.Resolve(key)
	for _, s := range p.Statuses {
		if s.Key == key {
			return v.shownStatus(s)
		}
	}
	return key
}

// shownStatus returns the name of a status. The three default statuses are
// translated into the reader's language unless they have been renamed.
func (v *view) shownStatus(s events.Status) string {
	for _, d := range events.DefaultStatuses() {
		if d.Key == s.Key && d.Name == s.Name {
			return v.T("status." + s.Key)
		}
	}
	return s.Name
}

// projectByID returns one of the user's projects, nil if it is not among the
// first hundred.
func (v *view) projectByID(id uuid.UUID) *projections.Project {
	for i := range v.projects {
		if v.projects[i].ID == id {
			return &v.projects[i]
		}
	}
	return nil
}
