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

// access is how to reach the broker of a data folder, kept in broker.json for
// the folder's owner only.
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

// writeAccess replaces the file whole, so that a crash leaves the old one or
// the new one.
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

// port is that of the URL, or 0.
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
