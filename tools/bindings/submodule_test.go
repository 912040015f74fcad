package main

import (
	"reflect"
	"testing"
)

func TestGoPackage(t *testing.T) {
	for name, want := range map[string]string{
		"vpc":                         "vpc",
		"vpcSecurityGroupIngressRule": "vpcsecuritygroupingressrule",
		"namespaceV1":                 "namespacev1",
		"s3Bucket":                    "s3bucket",
	} {
		if got := (submodule{name: name}).goPackage(); got != want {
			t.Errorf("%s: package is %s, want %s", name, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	root := writeTree(t, map[string]string{
		"node_modules/@cdktf/provider-aws/lib/index.js": `"use strict";
exports.vpc = exports.eksCluster = exports.subnet = exports.eksAddon = void 0;
exports.vpc = require("./vpc");
exports.eksCluster = require("./eks-cluster");
exports.eksAddon = require("./eks-addon");
exports.subnet = require("./subnet");
`,
	})
	imports := []providerImport{
		{"a.go:3:2", "aws", "vpc"},
		{"a.go:4:2", "aws", "ekscluser"},
		{"a.go:5:2", "helm", "release"},
		{"b.go:3:2", "aws", "ekscluster"},
		{"b.go:4:2", "aws", "vpc"},
		{"b.go:5:2", "aws", "eksAddon"},
	}
	wanted, wrong, err := resolve(root, []provider{testAWS}, imports)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string][]submodule{"aws": {{"eksCluster", "eks-cluster"}, {"vpc", "vpc"}}}; !reflect.DeepEqual(wanted, want) {
		t.Errorf("wanted submodules are %v, want %v", wanted, want)
	}
	if want := (mistakes{
		`a.go:4:2: @cdktf/provider-aws 19.65.1 has no package "ekscluser", nearest: ekscluster, eksaddon, subnet`,
		`b.go:5:2: @cdktf/provider-aws 19.65.1 has no package "eksAddon", nearest: eksaddon, ekscluster, subnet`,
	}); !reflect.DeepEqual(wrong, want) {
		t.Errorf("mistakes are\n%s\nwant\n%s", wrong, want)
	}
}
