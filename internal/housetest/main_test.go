package housetest

import (
	"os"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

func TestMain(m *testing.M) {
	// The tests walk the whole repository.
	testkit.EnterRepository()
	os.Exit(m.Run())
}
