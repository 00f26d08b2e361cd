package browsertest

import "net/http"

// Option configures the user of a page, or their device.
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

// Viewport sets the size of the page in CSS pixels; the default is 1280 by 800.
func Viewport(width, height int) Option {
	return func(s *settings) { s.width, s.height = int64(width), int64(height) }
}

// Touch replaces the mouse by touch: [Page.Click] taps, and there is no hover.
func Touch() Option { return func(s *settings) { s.touch = true } }

// Phone is a small screen with [Touch].
func Phone() Option {
	return func(s *settings) { s.width, s.height, s.scale, s.touch = 390, 844, 2, true }
}

// Media sets the value of a media feature, such as "forced-colors" to "active".
func Media(feature, value string) Option { return func(s *settings) { s.media[feature] = value } }

// Dark prefers dark colours.
func Dark() Option { return Media("prefers-color-scheme", "dark") }

// Light prefers light colours, which is the default.
func Light() Option { return Media("prefers-color-scheme", "light") }

// ReducedMotion prefers reduced motion.
func ReducedMotion() Option { return Media("prefers-reduced-motion", "reduce") }

// Language sets the user's languages, best first, such as "de-AT,de": scripts
// see them, and requests send them as Accept-Language, to which the browser
// adds the weights.
func Language(tags string) Option { return func(s *settings) { s.language = tags } }

// Timezone sets the user's time zone, such as "Asia/Tokyo".
func Timezone(name string) Option { return func(s *settings) { s.timezone = name } }

// NoScript disables the page's scripts. [Page]'s own methods still work.
func NoScript() Option { return func(s *settings) { s.noScript = true } }

// Cookie sets a cookie before the first request; see [Person.Cookie].
func Cookie(c *http.Cookie) Option {
	return func(s *settings) { s.cookies = append(s.cookies, c) }
}

// Allow is [Page.Allow] from the start.
func Allow(parts ...string) Option {
	return func(s *settings) { s.allowed = append(s.allowed, parts...) }
}
