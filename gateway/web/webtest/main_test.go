package webtest

import (
	"os"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }
