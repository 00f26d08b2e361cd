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

// root is the repository, seen from here.
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
		t.Fatalf("profile %s is empty", profile)
	}
	return project
}

var profiles = []string{"default", "small", "mysql"}

// TestEveryServiceIsConfined: a service without limits, or with powers it does not
// need, is one that somebody forgot.
func TestEveryServiceIsConfined(t *testing.T) {
	for _, profile := range profiles {
		for name, s := range load(t, profile).Services {
			wrong := func(ok bool, what string) {
				if !ok {
					t.Errorf("profile %s, service %s: %s", profile, name, what)
				}
			}
			wrong(s.ReadOnly, "its file system can be written")
			wrong(slices.Equal(s.CapDrop, []string{"ALL"}) && len(s.CapAdd) == 0, "it keeps capabilities")
			wrong(slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "it may gain privileges")
			wrong(!s.Privileged && s.NetworkMode == "" && s.Pid == "" && s.Ipc == "", "it is not apart from the host")
			wrong(s.Deploy != nil && s.Deploy.Resources.Limits != nil && s.Deploy.Resources.Limits.MemoryBytes > 0 &&
				s.Deploy.Resources.Limits.NanoCPUs > 0 && s.Deploy.Resources.Limits.Pids > 0, "it has no limits of memory, processors and processes")
			setup := strings.HasPrefix(name, "setup")
			wrong(s.Restart == "unless-stopped" || setup && s.Restart == "on-failure", "it is not started again")
			ours := s.Image == "docket"
			wrong(setup || ours || s.HealthCheck != nil && !s.HealthCheck.Disable, "nobody asks for its health")
			wrong(ours || s.User != "", "it runs as whoever its image says")
			for _, v := range s.Volumes {
				wrong(v.Type == types.VolumeTypeVolume || v.ReadOnly && !strings.Contains(v.Source, ".sock"), "it can write "+v.Source)
			}
		}
	}
}

// TestOnlyTheProxyIsPublished, and databases and broker are where nothing comes
// from outside.
func TestOnlyTheProxyIsPublished(t *testing.T) {
	for _, profile := range profiles {
		project := load(t, profile)
		if p := project.Services["proxy"].Ports; len(p) != 1 || p[0].HostIP != "127.0.0.1" {
			t.Errorf("profile %s: the proxy publishes %v, want one port on loopback unless the operator says otherwise", profile, p)
		}
		for name, s := range project.Services {
			if name != "proxy" && len(s.Ports) > 0 {
				t.Errorf("profile %s: %s publishes %v", profile, name, s.Ports)
			}
			for network := range s.Networks {
				outward := name == "proxy" || name == "alertmanager" || strings.HasPrefix(name, "notifier")
				if !bool(project.Networks[network].Internal) && !outward {
					t.Errorf("profile %s: %s is on %s, which leads outside", profile, name, network)
				}
			}
			if _, front := s.Networks["front"]; front && name != "proxy" && !strings.HasPrefix(name, "gateway") {
				t.Errorf("profile %s: %s is on the network whose addresses the gateways trust", profile, name)
			}
		}
	}
}

// TestImagesArePinned: what is not built here has a version.
func TestImagesArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z0-9/_-]+:v?[0-9]+(\.[0-9]+)*(-[a-z0-9]+)?$`)
	for _, profile := range profiles {
		for name, s := range load(t, profile).Services {
			if s.Image == "docket" {
				if s.Build == nil || s.Build.Dockerfile != "deploy/Dockerfile" {
					t.Errorf("profile %s: %s is not built by deploy/Dockerfile", profile, name)
				}
			} else if !pinned.MatchString(s.Image) {
				t.Errorf("profile %s: %s runs %s", profile, name, s.Image)
			}
		}
	}
}

// TestVariablesAreSettings reads the table of settings in docs/operations/settings.md, which
// another test compares with the program.
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
					t.Errorf("profile %s: %s is given %s, which there is not", profile, name, variable)
				}
				if file, ok := strings.CutPrefix(strings.TrimSuffix(variable, "_FILE"), "DOCKET_"); ok && strings.HasSuffix(variable, "_FILE") {
					given := slices.ContainsFunc(s.Secrets, func(one types.ServiceSecretConfig) bool {
						return value != nil && *value == "/run/secrets/"+one.Source
					})
					if !given {
						t.Errorf("profile %s: %s reads %s from %v, which it is not given", profile, name, file, *value)
					}
				}
				if value != nil && strings.Contains(*value, "://") && strings.Contains(*value, "@") {
					t.Errorf("profile %s: %s has a password in %s", profile, name, variable)
				}
			}
		}
	}
}

// TestSecretsAreMade: every file that is wanted is one that deploy/secrets makes, and
// none is in the tree.
func TestSecretsAreMade(t *testing.T) {
	made := runSecrets(t)
	for _, profile := range profiles {
		for name, secret := range load(t, profile).Secrets {
			file := filepath.Base(secret.File)
			if filepath.Base(filepath.Dir(secret.File)) != "secrets" || !made[file] {
				t.Errorf("profile %s: secret %s is %s, which deploy/secrets does not make", profile, name, secret.File)
			}
		}
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil || !strings.Contains(string(ignored), "/secrets/\n") {
		t.Errorf("the folder of secrets is not ignored: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(root, ".dockerignore")); err != nil || !strings.Contains(string(text), "\nsecrets\n") {
		t.Errorf("the folder of secrets is sent to where images are built: %v", err)
	}
}

// TestNodesSync: a broker that acknowledges before it has written loses what
// people were told is kept.
func TestNodesSync(t *testing.T) {
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
		t.Errorf("%d nodes, want 3", nodes)
	}
	text, err := os.ReadFile(filepath.Join(root, "deploy/nats/node.conf"))
	if err != nil || !strings.Contains(string(text), "\n  sync_interval: always\n") {
		t.Errorf("the nodes do not sync: %v", err)
	}
}
