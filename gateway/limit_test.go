package gateway_test

import (
	"testing"

	"github.com/docketlog/docket/gateway"
)

// TestRequestsAreLimited exceeds the rate limit, and checks that other clients
// and monitoring are not affected.
func TestRequestsAreLimited(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *gateway.Options) { o.RequestsPerSecond = 1 })
	ada := h.person("Ada")
	refused := 0
	for range 40 {
		if a := ada.get("/api/v1/projects"); a.status == 429 {
			a.want(429).code("too_many_requests")
			if a.header.Get("Retry-After") == "" {
				t.Fatal("not said when to ask again")
			}
			refused++
		}
	}
	if refused == 0 {
		t.Error("40 requests in a row, 1 a second allowed, and none is refused")
	}
	for range 40 {
		ada.get("/healthz").want(200)
		ada.get("/metrics").want(200)
	}
	nobody := &person{h: h}
	refused = 0
	for range 40 {
		if nobody.with("docket_s_forged").get("/api/v1/projects").status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("who tries secrets may do so without end")
	}
}

func TestStrictTransportSecurityNeedsTLS(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		h := open(t, func(o *gateway.Options) { o.SecureCookies = secure })
		promised := (&person{h: h}).get("/sign-in").want(200).header.Get("Strict-Transport-Security") != ""
		if promised != secure {
			t.Errorf("secure is %t, promised %t", secure, promised)
		}
	}
}
