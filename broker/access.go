package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// access holds the address and credentials of the broker of a data folder. It
// is stored in broker.json, readable by the owner of the folder only.
type access struct {
	URL      string `json:"url"`
	User     string `json:"user"`
	Password string `json:"password"`
}

func accessFile(dir string) string { return filepath.Join(dir, "broker.json") }

func readAccess(dir string) (access, error) {
	text, err := os.ReadFile(accessFile(dir))
	if err != nil {
		return access{}, err
	}
	var a access
	if err := json.Unmarshal(text, &a); err != nil {
		return access{}, fmt.Errorf("%s: %w", accessFile(dir), err)
	}
	if a.User == "" || a.Password == "" {
		return access{}, fmt.Errorf("%s: %w", accessFile(dir), errors.New("credentials are missing"))
	}
	return a, nil
}

// writeAccess replaces the file atomically, so that a crash leaves either the
// old or the new content.
func writeAccess(dir string, a access) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "broker-*.json")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), accessFile(dir))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// port returns the port of the URL, or 0.
func (a access) port() int {
	u, err := url.Parse(a.URL)
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0
	}
	return port
}
