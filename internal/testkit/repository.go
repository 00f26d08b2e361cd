package testkit

import (
	"os"
	"path/filepath"
)

// EnterRepository makes the root of the repository the working folder of this
// process, for the TestMain of a package that reads all of the tree.
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
