// Package state is a rehearsal's S3: a server on this machine alone, with one bucket that
// keeps every version of what is in it, as the bucket of a real environment does.
package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Server holds the states in memory: they are gone with this process.
type Server struct {
	content *s3mem.Backend
	bucket  string

	mutex    sync.Mutex
	address  string
	listener net.Listener
	server   *http.Server
}

// Start starts a server on a free port of the loopback interface. It has no bucket yet.
func Start() (*Server, error) {
	s := &Server{content: s3mem.New(), address: "127.0.0.1:0"}
	return s, s.Restart()
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return "http://" + s.address }

// CreateBucket makes the one bucket.
func (s *Server) CreateBucket(name string) error {
	s.bucket = name
	return errors.Join(
		s.content.CreateBucket(name),
		s.content.SetVersioningConfiguration(name, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}))
}

// Stop makes the server unreachable, in the middle of whatever it does. Its content stays.
func (s *Server) Stop() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.server == nil {
		return nil
	}
	// The listener too: of one that it does not serve yet, the server knows nothing.
	err := s.server.Close()
	_ = s.listener.Close() // most often closed already
	s.server = nil
	return err
}

// Restart makes a stopped server reachable again, at the same address.
func (s *Server) Restart() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("the server for states: %w", err)
	}
	s.address, s.listener = listener.Addr().String(), listener
	s.server = &http.Server{
		Handler:           gofakes3.New(s.content, gofakes3.WithLogger(gofakes3.DiscardLog())).Server(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func(server *http.Server) { _ = server.Serve(listener) }(s.server) // until Stop
	return nil
}

// Keys are the names of all objects in the bucket.
func (s *Server) Keys() ([]string, error) {
	if s.bucket == "" {
		return nil, nil
	}
	list, err := s.content.ListBucket(s.bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, object := range list.Contents {
		keys = append(keys, object.Key)
	}
	slices.Sort(keys)
	return keys, nil
}

// Read returns an object's content.
func (s *Server) Read(key string) ([]byte, error) {
	object, err := s.content.GetObject(s.bucket, key, nil)
	return contentOf(object, err)
}

// Write puts an object into the bucket, as a new version of the one that is there.
func (s *Server) Write(key string, content []byte) error {
	_, err := s.content.PutObject(s.bucket, key, map[string]string{}, bytes.NewReader(content), int64(len(content)), nil)
	return err
}

// Version is one of the contents that an object has had.
type Version struct {
	ID      string
	Written time.Time
}

// Versions are an object's, the newest first. Deletions are none.
func (s *Server) Versions(key string) ([]Version, error) {
	list, err := s.content.ListBucketVersions(s.bucket, &gofakes3.Prefix{HasPrefix: true, Prefix: key}, nil)
	if err != nil {
		return nil, err
	}
	var versions []Version
	for _, item := range list.Versions {
		if version, ok := item.(*gofakes3.Version); ok && version.Key == key {
			versions = append(versions, Version{string(version.VersionID), version.LastModified.Time})
		}
	}
	// Not the order in which this server lists them.
	slices.SortStableFunc(versions, func(a, b Version) int { return b.Written.Compare(a.Written) })
	return versions, nil
}

// ReadVersion returns the content that an object had.
func (s *Server) ReadVersion(key, id string) ([]byte, error) {
	object, err := s.content.GetObjectVersion(s.bucket, key, gofakes3.VersionID(id), nil)
	return contentOf(object, err)
}

// Restore makes an old version the newest, as a copy.
func (s *Server) Restore(key, id string) error {
	object, err := s.content.GetObjectVersion(s.bucket, key, gofakes3.VersionID(id), nil)
	if err != nil {
		return err
	}
	defer object.Contents.Close()
	// With its metadata: the content's checksum is in it.
	_, err = s.content.PutObject(s.bucket, key, object.Metadata, object.Contents, object.Size, nil)
	return err
}

// State reads one of Terraform's states. It is empty where there is none.
func (s *Server) State(key string) (*State, error) {
	content, err := s.Read(key)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return &State{}, nil
	} else if err != nil {
		return nil, err
	}
	state := &State{}
	if err := json.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("the state %s: %w", key, err)
	}
	return state, nil
}

func contentOf(object *gofakes3.Object, err error) (content []byte, _ error) {
	if err != nil {
		return nil, err
	}
	content, err = io.ReadAll(object.Contents)
	return content, errors.Join(err, object.Contents.Close())
}
