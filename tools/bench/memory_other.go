//go:build !linux

package main

// memoryWatch measures nothing: only Linux reports the memory of a process and its descendants.
type memoryWatch struct{}

func watchMemory(int) memoryWatch { return memoryWatch{} }

func (memoryWatch) stop() bytesize { return 0 }
