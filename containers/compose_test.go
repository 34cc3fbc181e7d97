package containers

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose reads docker-compose.yml as docker compose does, with the code of docker compose: it checks the schema, and that what services name
// is there. No Docker runs here.
func loadCompose(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	root, err := filepath.Abs("..")
	must(t, err)
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  root,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(root, "docker-compose.yml")}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) { o.Profiles = profiles })
	must(t, err)
	return p
}

func TestComposeStartsOneNodeOrThree(t *testing.T) {
	for profile, want := range map[string]string{"": "kassa mongodb-1 secrets setup", "three": "grow kassa mongodb-1 mongodb-2 mongodb-3 secrets setup"} {
		names := loadCompose(t, profile).ServiceNames()
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("the profile %q starts %s, want %s", profile, got, want)
		}
	}
}

func TestComposeGivesNoServiceMoreThanItNeeds(t *testing.T) {
	p := loadCompose(t, "three")
	for name, s := range p.Services {
		if s.Privileged || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s may do more than it needs", name)
		}
		if root := s.User == "" || strings.HasPrefix(s.User, "0"); root != (name == "secrets") {
			t.Errorf("%s runs as the user %q", name, s.User)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" || name != "kassa" {
				t.Errorf("%s lets others in on %s:%s", name, port.HostIP, port.Published)
			}
		}
		lasts := name == "kassa" || strings.HasPrefix(name, "mongodb-")
		if checked := s.HealthCheck != nil || s.Build != nil; checked != lasts || (s.Restart == types.RestartPolicyUnlessStopped) != lasts {
			t.Errorf("%s is restarted: %q, is asked for its health: %v", name, s.Restart, checked)
		}
		for _, m := range s.Volumes {
			if _, err := os.Stat(m.Source); m.Type == types.VolumeTypeBind && (err != nil || !m.ReadOnly) {
				t.Errorf("%s: %s: %v", name, m.Source, err)
			}
		}
		for _, at := range regexp.MustCompile(`/setup/[\w.-]+`).FindAllString(strings.Join(texts(s), " "), -1) {
			if _, err := os.Stat(filepath.Join("..", "mongo_setup", strings.TrimPrefix(at, "/setup/"))); err != nil {
				t.Errorf("%s names a file that is not there: %v", name, err)
			}
		}
	}
	if kassa := p.Services["kassa"]; slices.ContainsFunc(kassa.Volumes, func(m types.ServiceVolumeConfig) bool { return m.Source != "kassa-secrets" }) {
		t.Errorf("kassa sees %+v", kassa.Volumes)
	}
}

// texts are a service's commands and settings.
func texts(s types.ServiceConfig) []string {
	all := slices.Concat(s.Entrypoint, s.Command)
	for name, value := range s.Environment {
		all = append(all, name+"="+*value)
	}
	return all
}

// TestTheImage reads the last stage of the Dockerfile: the program and nothing to attack it with.
func TestTheImage(t *testing.T) {
	b, err := os.ReadFile("../Dockerfile")
	must(t, err)
	text := string(b)
	image := text[strings.LastIndex(text, "\nFROM ")+1:]
	for _, want := range []string{
		"FROM scratch\n", "\nUSER " + loadCompose(t).Services["kassa"].User + "\n", `CMD ["/kassa", "health"]` + "\n", "\nENTRYPOINT [\"/kassa\"]\nCMD [\"serve\"]\n",
	} {
		if !strings.Contains(image, want) {
			t.Errorf("the image lacks %q", want)
		}
	}
	ignored, err := os.ReadFile("../.dockerignore")
	must(t, err)
	for _, needed := range []string{"go.mod", "go.sum", "adapters", "cmd", "containers", "core", "mongo_setup", "static"} {
		if !strings.Contains(string(ignored), "\n!"+needed+"\n") {
			t.Errorf("%s does not reach the build", needed)
		}
	}
}

// deployment is what compose makes, in folders of the test.
type deployment struct {
	t       *testing.T
	project *types.Project
	folders map[string]string // what is mounted: volumes by their names, and mongo_setup
}

// deploy runs the service that makes the secrets, as the one who runs the test.
func deploy(t *testing.T) deployment {
	t.Helper()
	scripts, err := filepath.Abs("../mongo_setup")
	must(t, err)
	d := deployment{t, loadCompose(t, "three"), map[string]string{scripts: scripts, "mongodb-secrets": t.TempDir(), "kassa-secrets": t.TempDir()}}
	for range 2 { // every start runs it
		args := d.inside("secrets", d.project.Services["secrets"].Entrypoint)
		if args[3] != "999" || args[5] != "65532" || !strings.HasPrefix(d.project.Services["mongodb-1"].User, "999:") ||
			!strings.HasPrefix(d.project.Services["kassa"].User, "65532:") {
			t.Fatalf("the secrets are made by %v for others than those who run", args)
		}
		args[3], args[5] = strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getuid())
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return d
}

// inside returns the texts with the paths that a service sees replaced by the test's.
func (d deployment) inside(service string, texts []string) []string {
	var pairs []string
	for _, m := range d.project.Services[service].Volumes {
		pairs = append(pairs, m.Target+"/", d.folders[m.Source]+"/", m.Target, d.folders[m.Source])
	}
	r, replaced := strings.NewReplacer(pairs...), slices.Clone(texts)
	for i, x := range texts {
		if strings.HasPrefix(x, "/") {
			replaced[i] = r.Replace(x)
		}
	}
	return replaced
}

// secret reads a secret of MongoDB's.
func (d deployment) secret(name string) string {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.folders["mongodb-secrets"], name))
	must(d.t, err)
	return string(b)
}

// config is what Kassa reads in its container, where the nodes of the set are at these addresses.
func (d deployment) config(nodes *strings.Replacer) Config {
	d.t.Helper()
	for name, value := range d.project.Services["kassa"].Environment {
		d.t.Setenv(name, d.inside("kassa", []string{*value})[0])
	}
	c, err := ReadConfig()
	must(d.t, err)
	c.MongoURI, c.BcryptCost, c.Addr, c.MetricsAddr = nodes.Replace(c.MongoURI), minCost, "127.0.0.1:0", "127.0.0.1:0"
	return c
}
