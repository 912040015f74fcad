// Package sample is about the application that comes with Plinth, and that it is missed by nothing
// once it is deleted.
package sample
