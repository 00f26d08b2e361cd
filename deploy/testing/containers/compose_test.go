package containers

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// root is the path of the repository.
const root = "../../.."

// load reads docker-compose.yml with one profile, as docker compose does.
func load(t *testing.T, profile string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")},
		cli.WithWorkingDirectory(root), cli.WithProfiles([]string{profile}), cli.WithInterpolation(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(project.Services) == 0 {
		t.Fatalf("profile %s has no services", profile)
	}
	return project
}

var profiles = []string{"default", "small", "mysql"}

// TestServicesAreConfined checks that every service has resource limits and only
// the privileges it needs.
func TestServicesAreConfined(t *testing.T) {
	for _, profile := range profiles {
		for name, s := range load(t, profile).Services {
			require := func(ok bool, what string) {
				if !ok {
					t.Errorf("profile %s, service %s: %s", profile, name, what)
				}
			}
			require(s.ReadOnly, "the root file system is writable")
			require(slices.Equal(s.CapDrop, []string{"ALL"}) && len(s.CapAdd) == 0, "does not drop all capabilities")
			require(slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "may gain privileges")
			require(!s.Privileged && s.NetworkMode == "" && s.Pid == "" && s.Ipc == "", "is not isolated from the host")
			require(s.Deploy != nil && s.Deploy.Resources.Limits != nil && s.Deploy.Resources.Limits.MemoryBytes > 0 &&
				s.Deploy.Resources.Limits.NanoCPUs > 0 && s.Deploy.Resources.Limits.Pids > 0, "lacks a limit of memory, CPUs or processes")
			setup := strings.HasPrefix(name, "setup")
			require(s.Restart == "unless-stopped" || setup && s.Restart == "on-failure", "is not restarted")
			ours := s.Image == "docket"
			require(setup || ours || s.HealthCheck != nil && !s.HealthCheck.Disable, "has no health check")
			require(ours || s.User != "", "does not set its user")
			for _, v := range s.Volumes {
				require(v.Type == types.VolumeTypeVolume || v.ReadOnly && !strings.Contains(v.Source, ".sock"), "can write to "+v.Source)
			}
		}
	}
}

// TestOnlyProxyIsPublished also checks that databases and brokers are on internal
// networks.
func TestOnlyProxyIsPublished(t *testing.T) {
	for _, profile := range profiles {
		project := load(t, profile)
		if p := project.Services["proxy"].Ports; len(p) != 1 || p[0].HostIP != "127.0.0.1" {
			t.Errorf("profile %s: the proxy publishes %v, want one port on loopback by default", profile, p)
		}
		for name, s := range project.Services {
			if name != "proxy" && len(s.Ports) > 0 {
				t.Errorf("profile %s: %s publishes %v", profile, name, s.Ports)
			}
			for network := range s.Networks {
				outward := name == "proxy" || name == "alertmanager" || strings.HasPrefix(name, "notifier")
				if !bool(project.Networks[network].Internal) && !outward {
					t.Errorf("profile %s: %s is on %s, which is not internal", profile, name, network)
				}
			}
			if _, front := s.Networks["front"]; front && name != "proxy" && !strings.HasPrefix(name, "gateway") {
				t.Errorf("profile %s: %s is on the network of the proxy, which the gateways trust", profile, name)
			}
		}
	}
}

// TestImagesArePinned checks that every image that is not built here has a
// version.
func TestImagesArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z0-9/_-]+:v?[0-9]+(\.[0-9]+)*(-[a-z0-9]+)?$`)
	for _, profile := range profiles {
		for name, s := range load(t, profile).Services {
			if s.Image == "docket" {
				if s.Build == nil || s.Build.Dockerfile != "deploy/Dockerfile" {
					t.Errorf("profile %s: %s is not built from deploy/Dockerfile", profile, name)
				}
			} else if !pinned.MatchString(s.Image) {
				t.Errorf("profile %s: %s uses image %s, want one with a version", profile, name, s.Image)
			}
		}
	}
}

// TestVariablesAreSettings compares the environment with the table of settings in
// docs/operations/settings.md, which another test compares with the program.
func TestVariablesAreSettings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/operations/settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"GOMEMLIMIT": true} // the Go runtime's
	for _, m := range regexp.MustCompile("`(DOCKET_[A-Z_]+)`").FindAllStringSubmatch(string(text), -1) {
		known[m[1]] = true
	}
	for _, profile := range profiles {
		for name, s := range load(t, profile).Services {
			if s.Image != "docket" {
				continue
			}
			for variable, value := range s.Environment {
				if !known[variable] {
					t.Errorf("profile %s: %s sets %s, which is not a setting", profile, name, variable)
				}
				if file, ok := strings.CutPrefix(strings.TrimSuffix(variable, "_FILE"), "DOCKET_"); ok && strings.HasSuffix(variable, "_FILE") {
					given := slices.ContainsFunc(s.Secrets, func(one types.ServiceSecretConfig) bool {
						return value != nil && *value == "/run/secrets/"+one.Source
					})
					if !given {
						t.Errorf("profile %s: %s reads %s from %v, which is not one of its secrets", profile, name, file, *value)
					}
				}
				if value != nil && strings.Contains(*value, "://") && strings.Contains(*value, "@") {
					t.Errorf("profile %s: %s has a password in %s", profile, name, variable)
				}
			}
		}
	}
}

// TestSecretsAreCreated checks that deploy/secrets creates every secret file, and
// that secrets are neither in the repository nor in the build context.
func TestSecretsAreCreated(t *testing.T) {
	made := runSecrets(t)
	for _, profile := range profiles {
		for name, secret := range load(t, profile).Secrets {
			file := filepath.Base(secret.File)
			if filepath.Base(filepath.Dir(secret.File)) != "secrets" || !made[file] {
				t.Errorf("profile %s: secret %s is %s, which deploy/secrets does not create", profile, name, secret.File)
			}
		}
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil || !strings.Contains(string(ignored), "/secrets/\n") {
		t.Errorf(".gitignore does not contain the directory of secrets: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(root, ".dockerignore")); err != nil || !strings.Contains(string(text), "\nsecrets\n") {
		t.Errorf(".dockerignore does not contain the directory of secrets: %v", err)
	}
}

// TestNATSServersSyncEveryWrite checks that the servers sync before they
// acknowledge. Otherwise acknowledged data can be lost.
func TestNATSServersSyncEveryWrite(t *testing.T) {
	project := load(t, "default")
	nodes := 0
	for name, s := range project.Services {
		if !strings.HasPrefix(name, "nats-") {
			continue
		}
		nodes++
		for _, c := range s.Configs {
			if _, err := os.Stat(project.Configs[c.Source].File); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if nodes != 3 {
		t.Errorf("%d NATS servers, want 3", nodes)
	}
	text, err := os.ReadFile(filepath.Join(root, "deploy/nats/node.conf"))
	if err != nil || !strings.Contains(string(text), "\n  sync_interval: always\n") {
		t.Errorf("deploy/nats/node.conf does not set sync_interval to always: %v", err)
	}
}
