package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// generated is what cdktf's generator wrote for one type: a class, and a struct for each of its
// nested blocks and objects.
type generated struct {
	// class is the type's own, base the class that it extends, such as TerraformResource.
	class, base string
	// terraformType and version are for example "aws_vpc" and "5.99.1".
	terraformType, version string
	// structs are by name. The class has its members under its own name.
	structs map[string]structure
}

// structure holds a struct's members by Terraform's name.
type structure map[string]*member

// member is one attribute or nested block, as the generator writes it.
type member struct {
	told, computed, optional, required bool
	// held is the expression that reads its value, such as this.getStringAttribute('arn').
	held string
	// argument is the expression that writes it, if it is assignable, such as
	// vpcTimeoutsToHclTerraform(…). nesting is simple, list, set, map or struct.
	argument, nesting string
}

func (m *member) assignable() bool { return m.optional || m.required }

// parse reads all files of one type.
func parse(folder string) (*generated, error) {
	g := &generated{structs: map[string]structure{}}
	files, err := sources(folder)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		source, err := typescript(file)
		if err != nil {
			return nil, err
		}
		reader := &reader{g: g}
		for line := range strings.Lines(source) {
			reader.read(strings.TrimRight(line, " \r\n"))
		}
	}
	if g.class == "" || g.terraformType == "" {
		return nil, fmt.Errorf("%s: has no class of a resource, data source or provider: teach rehearsal/internal/schema what is there instead", folder)
	}
	return g, nil
}

// reader reads one source line by line. The generator's layout is always the same.
type reader struct {
	g *generated
	// in is the struct or class around the line.
	in structure
	// writes reports whether the line is in the code that writes arguments as HCL.
	writes bool
	// at is the member that the line describes, documented the name in the last comment.
	at         *member
	documented string
}

var (
	flagsLine    = regexp.MustCompile(`^  // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$`)
	documentLine = regexp.MustCompile(`^  \* Docs at Terraform Registry: \{@link .*#(\w+)\}$`)
	fieldLine    = regexp.MustCompile(`^  readonly \w+(\??): `)
	classLine    = regexp.MustCompile(`^export class (\w+) extends cdktf\.(\w+) \{$`)
	interfaces   = regexp.MustCompile(`^export interface (\w+) `)
	hclFunction  = regexp.MustCompile(`^export function (\w+)ToHclTerraform\(`)
	argumentLine = regexp.MustCompile(`^ {4,6}(\w+): \{$`)
)

func (r *reader) read(line string) {
	switch text := strings.TrimLeft(line, " "); {
	case strings.HasPrefix(line, "export "):
		r.declaration(line)
	case strings.HasPrefix(text, "protected synthesizeHclAttributes("):
		r.writes = true
	case strings.HasPrefix(text, "public static readonly tfResourceType = "):
		r.g.terraformType = between(text, `"`)
	case strings.HasPrefix(text, "providerVersion: "):
		r.g.version = between(text, "'")
	case r.in == nil:
	case r.writes:
		r.argument(line, text)
	default:
		r.member(line, text)
	}
}

func between(text, quote string) string {
	_, text, _ = strings.Cut(text, quote)
	text, _, _ = strings.Cut(text, quote)
	return text
}

// declaration reads a line that starts a declaration at the file's top level.
func (r *reader) declaration(line string) {
	r.in, r.at, r.writes = nil, nil, false
	if m := classLine.FindStringSubmatch(line); m != nil {
		switch m[2] {
		case "ComplexList", "ComplexMap": // of a struct, which is declared as well
		case "ComplexObject":
			r.enter(strings.TrimSuffix(m[1], "OutputReference"))
		default:
			r.g.class, r.g.base = m[1], m[2]
			r.enter(m[1])
		}
	} else if m := interfaces.FindStringSubmatch(line); m != nil {
		r.enter(m[1])
	} else if m := hclFunction.FindStringSubmatch(line); m != nil {
		r.enter(structName(m[1]))
		r.writes = true
	}
}

func (r *reader) enter(name string) {
	if r.g.structs[name] == nil {
		r.g.structs[name] = structure{}
	}
	r.in = r.g.structs[name]
}

// argument reads a line of an argument written as HCL.
func (r *reader) argument(line, text string) {
	if m := argumentLine.FindStringSubmatch(line); m != nil {
		r.at = r.in.member(m[1])
	} else if r.at == nil {
		return
	} else if value, ok := strings.CutPrefix(text, "value: "); ok {
		r.at.argument = strings.TrimSuffix(value, ",")
	} else if nesting, ok := strings.CutPrefix(text, `type: "`); ok {
		r.at.nesting = strings.TrimSuffix(nesting, `",`)
	}
}

// member reads a line in a class or in an interface. An interface says less: it counts only for
// the structs of providers' own configuration, which have no class.
func (r *reader) member(line, text string) {
	if m := flagsLine.FindStringSubmatch(line); m != nil {
		r.at = r.in.member(m[1])
		r.at.told = true
		r.at.computed, r.at.optional, r.at.required = m[2] == "true", m[3] == "true", m[4] == "true"
	} else if m := documentLine.FindStringSubmatch(line); m != nil {
		r.documented = m[1]
	} else if m := fieldLine.FindStringSubmatch(line); m != nil {
		field := r.in.member(r.documented)
		field.told, field.optional, field.required = true, m[1] == "?", m[1] == ""
		r.documented = ""
	} else if r.at != nil && r.at.held == "" {
		if _, made, ok := strings.Cut(text, " = new "); ok && strings.HasPrefix(text, "private _") {
			r.at.held = "new " + strings.TrimSuffix(made, ";")
		} else if value, ok := strings.CutPrefix(text, "return "); ok {
			r.at.held = strings.TrimSuffix(value, ";")
		}
	}
}

func (s structure) member(name string) *member {
	if s[name] == nil {
		s[name] = &member{}
	}
	return s[name]
}

// value is the type of the member.
func (m *member) value() (*value, error) {
	switch {
	case !m.told:
		return nil, errors.New("has no comment that tells whether it is computed, optional or required")
	case m.assignable():
		return writtenValue(m)
	default:
		return heldValue(m)
	}
}
