// Package sample tests that everything else works once the sample application is deleted.
package sample
