package deploy

import (
	"testing"

	"github.com/docketlog/docket/app"
	"github.com/docketlog/docket/e2e/dockettest"
)

func TestMain(m *testing.M) { dockettest.Main(m, app.Main) }
