package docs

import (
	"testing"

	"github.com/docketlog/docket/app"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

func TestMain(m *testing.M) {
	// Documents name files by their path in the repository.
	testkit.EnterRepository()
	dockettest.Main(m, app.Main)
}
