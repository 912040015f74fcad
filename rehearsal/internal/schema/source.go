package schema

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mapMark precedes the source map at the end of the packages' JavaScript. The map has the
// generated TypeScript with its comments, which the JavaScript lacks.
const mapMark = "//# sourceMappingURL=data:application/json;base64,"

// typescript returns the source of a JavaScript file.
func typescript(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, encoded, found := strings.Cut(string(content), mapMark)
	if !found {
		return "", fmt.Errorf("%s: has no source map to read a schema from: run make setup, or teach rehearsal/internal/schema what is there instead", path)
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", fmt.Errorf("%s: source map: %w: run make setup", path, err)
	}
	var sourceMap struct{ SourcesContent []string }
	if err := json.Unmarshal(decoded, &sourceMap); err != nil {
		return "", fmt.Errorf("%s: source map: %w: run make setup", path, err)
	}
	return strings.Join(sourceMap.SourcesContent, "\n"), nil
}

// sources are the JavaScript files of one type. The structs of a large type have their own
// files.
func sources(folder string) ([]string, error) {
	structs, err := filepath.Glob(filepath.Join(folder, "index-structs", "structs*.js"))
	return append(structs, filepath.Join(folder, "index.js")), err
}
