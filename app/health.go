package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// healthCommand asks a running role whether it is ready, where no other HTTP
// client is available, such as in a container.
type healthCommand struct {
	Address string
}

func (l *commandLine) health() *cobra.Command {
	var c healthCommand
	return l.command("health [URL]", "Check whether a running role is ready. Exits with status 0 if it is, 1 if not. Default URL: the --http address, or http://127.0.0.1:8080; https with --tls-cert.", &c, &c.Address)
}

// healthTimeout is longer than /readyz itself waits for the log and the rows.
const healthTimeout = 5 * time.Second

// Run succeeds if the role reports that it is ready; otherwise its error says
// why not.
func (c *healthCommand) Run(ctx context.Context, env *environment) error {
	scheme := "http"
	if env.settings.TLSCert != "" {
		scheme = "https"
	}
	base, err := c.base(scheme, env.settings.HTTP)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return err
	}
	// Connect directly: a response from a proxy in between proves nothing.
	transport := &http.Transport{}
	if c.Address == "" {
		// The certificate is for the public name, and this connection stays on
		// the same machine.
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // loopback, and nothing secret is asked or told
	}
	client := &http.Client{Transport: transport}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s/readyz returned status %d: %s", base, answer.StatusCode, strings.TrimSpace(string(body)))
	}
	fmt.Fprintln(env.out, "ready")
	return nil
}

// base returns the address to ask, without a path.
func (c *healthCommand) base(scheme, served string) (string, error) {
	if c.Address != "" {
		u, err := url.Parse(c.Address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", fmt.Errorf("URL must be http:// or https:// and a host; got %q", c.Address)
		}
		return strings.TrimRight(c.Address, "/"), nil
	}
	if served == "" {
		served = defaultHTTP
	}
	host, port, err := net.SplitHostPort(served)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", errors.New("--http has port 0; give the URL of the role to check")
	}
	// A role that serves on every address also serves on loopback.
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}
