// The oracle: what kubectl and kustomize make of manifests, as JSON. It is built of the modules that they are built of.
//
// One request a line on standard input, one answer a line on standard output:
//
//	{"manifest": "<base64>"}                          as `kubectl create -f` reads it
//	{"tree": {"a/b.yaml": "<base64>"}, "build": "a"}   as `kustomize build a` makes it
//
//	{"objects": [...], "error": "..."}                with an error, the objects that were read before it
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

type request struct {
	Manifest []byte            `json:"manifest"`
	Tree     map[string][]byte `json:"tree"`
	Build    string            `json:"build"`
}

type answer struct {
	Objects []json.RawMessage `json:"objects"`
	Error   string            `json:"error,omitempty"`
}

func main() {
	log.SetOutput(io.Discard)
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			reply, _ := json.Marshal(answerTo(line))
			out.Write(reply)
			out.WriteByte('\n')
			// Whoever asks one by one waits for each answer.
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err != nil {
			out.Flush()
			return
		}
	}
}

func answerTo(line []byte) (reply answer) {
	var asked request
	defer func() {
		if reason := recover(); reason != nil {
			reply.Error = fmt.Sprint("panic: ", reason)
		}
		if reply.Objects == nil {
			reply.Objects = []json.RawMessage{}
		}
	}()
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	var err error
	if asked.Tree != nil {
		reply.Objects, err = build(asked.Tree, asked.Build)
	} else {
		reply.Objects, err = read(asked.Manifest)
	}
	if err != nil {
		reply.Error = err.Error()
	}
	return reply
}

// As k8s.io/cli-runtime's FileVisitor, StreamVisitor and FlattenListVisitor read, behind `kubectl create -f`.
func read(manifest []byte) ([]json.RawMessage, error) {
	var objects []json.RawMessage
	bom := unicode.BOMOverride(unicode.UTF8.NewDecoder())
	decoder := yaml.NewYAMLOrJSONDecoder(transform.NewReader(bytes.NewReader(manifest), bom), 4096)
	var first error
	for {
		extension := runtime.RawExtension{}
		if err := decoder.Decode(&extension); err != nil {
			if errors.Is(err, io.EOF) {
				return objects, first
			}
			return objects, err
		}
		raw := bytes.TrimSpace(extension.Raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		object, _, err := unstructured.UnstructuredJSONScheme.Decode(raw, nil, nil)
		if err != nil {
			// kubectl goes on with the next document.
			first = err
			continue
		}
		items, err := flat(object)
		if err != nil {
			first = err
			continue
		}
		for _, item := range items {
			text, err := runtime.Encode(unstructured.UnstructuredJSONScheme, item)
			if err != nil {
				first = err
				continue
			}
			objects = append(objects, text)
		}
	}
}

func flat(object runtime.Object) ([]runtime.Object, error) {
	var items []runtime.Object
	waiting := []runtime.Object{object}
	for at := 0; at < len(waiting); at++ {
		if !meta.IsListType(waiting[at]) {
			items = append(items, waiting[at])
			continue
		}
		inner, err := meta.ExtractList(waiting[at])
		if err != nil {
			return nil, err
		}
		if failed := runtime.DecodeList(inner, unstructured.UnstructuredJSONScheme); len(failed) > 0 {
			return nil, failed[0]
		}
		waiting = append(waiting, inner...)
	}
	return items, nil
}

func build(tree map[string][]byte, directory string) ([]json.RawMessage, error) {
	files := filesys.MakeFsInMemory()
	for name, content := range tree {
		if err := files.WriteFile(path.Join("/", name), content); err != nil {
			return nil, err
		}
	}
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, path.Join("/", directory))
	if err != nil {
		return nil, err
	}
	var objects []json.RawMessage
	for _, resource := range made.Resources() {
		text, err := resource.MarshalJSON()
		if err != nil {
			return nil, err
		}
		objects = append(objects, text)
	}
	return objects, nil
}
