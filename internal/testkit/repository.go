package testkit

import (
	"os"
	"path/filepath"
)

// EnterRepository changes the working folder to the root of the repository. It
// is for the TestMain of a package that reads the whole repository.
func EnterRepository() {
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			panic("not in the repository")
		}
	}
	if err == nil {
		err = os.Chdir(folder)
	}
	if err != nil {
		panic(err)
	}
}
