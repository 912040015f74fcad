package awscli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

func writeJSON(out io.Writer, answer any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	return encoder.Encode(answer)
}

// writeText writes a scalar on a line, and the scalars of a list on one line, separated by tabs.
// Each nested list has its own line; an empty one has none.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html#text-output
func writeText(out io.Writer, answer any) error {
	switch v := answer.(type) {
	case map[string]any:
		return errors.New("the simulator writes no objects as text: choose values with --query, for example '[Account,Arn]'")
	case []any:
		return writeList(out, v)
	}
	_, err := fmt.Fprintln(out, scalar(answer))
	return err
}

func writeList(out io.Writer, list []any) error {
	var cells []string
	var nested []any
	for _, item := range list {
		switch item.(type) {
		case map[string]any, []any:
			nested = append(nested, item)
		default:
			cells = append(cells, scalar(item))
		}
	}
	if cells != nil {
		if _, err := fmt.Fprintln(out, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	for _, item := range nested {
		if err := writeText(out, item); err != nil {
			return err
		}
	}
	return nil
}

// scalar formats a value as Python does: the AWS CLI is written in it.
func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
