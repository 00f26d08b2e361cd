package browsertest

import "net/http"

// Option is something about the person at a page, or their device.
type Option func(*settings)

type settings struct {
	width, height int64
	scale         float64
	touch         bool
	noScript      bool
	language      string
	timezone      string
	media         map[string]string
	cookies       []*http.Cookie
	allowed       []string
}

// Viewport is the size of the page in CSS pixels; 1280 by 800 if not given.
func Viewport(width, height int) Option {
	return func(s *settings) { s.width, s.height = int64(width), int64(height) }
}

// Touch makes fingers of the pointer: [Page.Click] taps, and there is no hover.
func Touch() Option { return func(s *settings) { s.touch = true } }

// Phone is a small screen with [Touch].
func Phone() Option {
	return func(s *settings) { s.width, s.height, s.scale, s.touch = 390, 844, 2, true }
}

// Media sets what a media feature has as its value, such as "forced-colors" to
// "active".
func Media(feature, value string) Option { return func(s *settings) { s.media[feature] = value } }

// Dark prefers dark colours.
func Dark() Option { return Media("prefers-color-scheme", "dark") }

// Light prefers light colours, which is what pages get if nothing is said.
func Light() Option { return Media("prefers-color-scheme", "light") }

// ReducedMotion prefers that nothing moves.
func ReducedMotion() Option { return Media("prefers-reduced-motion", "reduce") }

// Language is what the person reads, best first, such as "de-AT,de": what
// scripts see, and the Accept-Language of requests, to which the browser adds
// the weights.
func Language(tags string) Option { return func(s *settings) { s.language = tags } }

// Timezone is where the person is, such as "Asia/Tokyo".
func Timezone(name string) Option { return func(s *settings) { s.timezone = name } }

// NoScript runs no script of the page's. [Page]'s own means work as before.
func NoScript() Option { return func(s *settings) { s.noScript = true } }

// Cookie is there before the first request; see [Person.Cookie].
func Cookie(c *http.Cookie) Option {
	return func(s *settings) { s.cookies = append(s.cookies, c) }
}

// Allow is [Page.Allow] from the start.
func Allow(parts ...string) Option {
	return func(s *settings) { s.allowed = append(s.allowed, parts...) }
}
