package kubernetes

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yannh/kubeconform/pkg/validator"
)

// specification returns the OpenAPI description of the release's API. It is
// downloaded with the module of Kubernetes, which is not built.
func specification(t *testing.T) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "k8s.io/kubernetes@"+Release).Output()
	var module struct{ Dir, Error string }
	if decoded := json.Unmarshal(out, &module); decoded != nil || err != nil || module.Error != "" {
		t.Fatalf("download k8s.io/kubernetes@%s: %v: %s", Release, err, out)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "api/openapi-spec/swagger.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// schemas writes a JSON schema for every kind of the API and returns the
// directory. The schemas are strict: an unknown property is an error.
func schemas(t *testing.T) string {
	t.Helper()
	var api struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(specification(t), &api); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name string, schema any) {
		text, err := json.Marshal(schema)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, definition := range api.Definitions {
		tighten(definition)
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 {
			continue // a part of other definitions, or shared by all groups
		}
		kind := kinds[0].(map[string]any)
		group, _, _ := strings.Cut(kind["group"].(string), ".")
		file := []string{strings.ToLower(kind["kind"].(string)), group, kind["version"].(string)}
		if group == "" {
			file = append(file[:1], file[2])
		}
		write(strings.Join(file, "-")+".json", map[string]any{"$ref": "all.json#/definitions/" + name})
	}
	write("all.json", api)
	return folder
}

// tighten converts a schema of OpenAPI 2 to a strict JSON schema.
func tighten(schema map[string]any) {
	if schema["format"] == "int-or-string" {
		delete(schema, "type")
		schema["oneOf"] = []any{map[string]any{"type": "string"}, map[string]any{"type": "integer"}}
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		if _, open := schema["additionalProperties"]; !open {
			schema["additionalProperties"] = false
		}
		for _, property := range properties {
			tighten(property.(map[string]any))
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if inner, ok := schema[name].(map[string]any); ok {
			tighten(inner)
		}
	}
}

// custom holds the kinds of the Prometheus operator. read checks them with the
// operator's types.
var custom = map[string]struct{}{"PodMonitor": {}, "PrometheusRule": {}}

func TestManifestsAreValid(t *testing.T) {
	t.Parallel()
	valid := validating(t)
	for _, folder := range variants(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			for _, result := range valid(build(t, folder)) {
				if result.Status != validator.Valid && result.Status != validator.Skipped {
					t.Errorf("%v\n%s", result.Err, result.Resource.Bytes)
				}
			}
		})
	}
	t.Run("everything", func(t *testing.T) {
		t.Parallel()
		for _, result := range valid(withEverything(t)) {
			if result.Status != validator.Valid && result.Status != validator.Skipped {
				t.Errorf("%v\n%s", result.Err, result.Resource.Bytes)
			}
		}
	})
	t.Run("secrets.example.yaml", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile(root + "/secrets.example.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range valid(text) {
			if result.Status != validator.Valid {
				t.Errorf("%v\n%s", result.Err, result.Resource.Bytes)
			}
		}
	})
}

// TestInvalidManifestsAreRejected checks that the schemas detect mistakes.
func TestInvalidManifestsAreRejected(t *testing.T) {
	t.Parallel()
	valid := validating(t)
	sound := "apiVersion: v1\nkind: Service\nmetadata:\n  name: gateway\nspec:\n  ports:\n    - port: 80\n      targetPort: http\n"
	for mistake, text := range map[string]string{
		"":                   sound,
		"an unknown field":   strings.Replace(sound, "targetPort", "targetport", 1),
		"a wrong type":       strings.Replace(sound, "port: 80", "port: eighty", 1),
		"a missing field":    strings.Replace(sound, "port: 80", "name: http", 1),
		"an unknown kind":    strings.Replace(sound, "Service", "Servant", 1),
		"an unknown version": strings.Replace(sound, "v1", "v7", 1),
	} {
		results := valid([]byte(text))
		if len(results) != 1 || (results[0].Status == validator.Valid) != (mistake == "") {
			t.Errorf("%q: %+v", mistake, results)
		}
	}
}

// validating returns a function that validates documents with the schemas.
func validating(t *testing.T) func([]byte) []validator.Result {
	t.Helper()
	check, err := validator.New([]string{schemas(t) + "/{{ .ResourceKind }}{{ .KindSuffix }}.json"},
		validator.Opts{Strict: true, SkipKinds: custom, KubernetesVersion: strings.TrimPrefix(Release, "v")})
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) []validator.Result {
		return check.Validate("built", io.NopCloser(bytes.NewReader(text)))
	}
}
