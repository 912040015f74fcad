// Package state is a rehearsal's S3 and STS: a server on this machine alone, whose buckets,
// keys and roles are those of the rehearsal's cloud. Objects, and keys that STS has given away,
// are in its memory.
//
// AWS_ENDPOINT_URL has Terraform's S3 backend use it, without anything in a stack being other
// than for AWS.
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

	"plinth/rehearsal/internal/cloud"
)

// Server holds the states in memory: they are gone with this process.
type Server struct {
	content *s3mem.Backend
	objects http.Handler // S3 without any rules
	bucket  string
	cloud   *cloud.Cloud
	issued  issued

	encryption sync.Map // the ARN of the key of each object, by bucket/key
	versioning sync.Map // the status of each bucket

	mutex    sync.Mutex
	address  string
	listener net.Listener
	server   *http.Server
}

// Start starts a server on a free port of the loopback interface, with the buckets of a cloud.
// Without a cloud it has those of [Server.CreateBucket], and lets everybody do everything.
func Start(c *cloud.Cloud) (*Server, error) {
	s := &Server{content: s3mem.New(), cloud: c, address: "127.0.0.1:0"}
	s.objects = gofakes3.New(s.content, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	return s, s.Restart()
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return "http://" + s.address }

// Use names the bucket that this server's own methods are about.
func (s *Server) Use(bucket string) { s.bucket = bucket }

// CreateBucket makes a versioned bucket, and uses it.
func (s *Server) CreateBucket(name string) error {
	s.Use(name)
	return s.keep(name, string(gofakes3.VersioningEnabled))
}

// keep makes a bucket in memory, unless there is one, with a status of versioning.
func (s *Server) keep(name, versioning string) error {
	if known, ok := s.versioning.Load(name); ok && known == versioning {
		return nil
	}
	if exists, err := s.content.BucketExists(name); err != nil {
		return err
	} else if !exists {
		if err := s.content.CreateBucket(name); err != nil && !gofakes3.HasErrorCode(err, gofakes3.ErrBucketAlreadyExists) {
			return err
		}
	}
	if versioning != "" {
		configuration := gofakes3.VersioningConfiguration{Status: gofakes3.VersioningStatus(versioning)}
		if err := s.content.SetVersioningConfiguration(name, configuration); err != nil {
			return err
		}
	}
	s.versioning.Store(name, versioning)
	return nil
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
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server) { _ = server.Serve(listener) }(s.server) // until Stop
	return nil
}

// Keys are the names of all objects in the bucket.
func (s *Server) Keys() ([]string, error) {
	if s.bucket == "" {
		return nil, nil
	}
	list, err := s.content.ListBucket(s.bucket, nil, gofakes3.ListBucketPage{})
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return nil, nil // nobody has put anything into it
	} else if err != nil {
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
	if _, known := s.versioning.Load(s.bucket); !known {
		if err := s.keep(s.bucket, string(gofakes3.VersioningEnabled)); err != nil {
			return err
		}
	}
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
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return nil, nil
	} else if err != nil {
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
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) || gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
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
