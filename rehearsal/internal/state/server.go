// Package state is a rehearsal's S3 and STS: a server on the loopback interface. Its buckets, keys
// and roles are those of the rehearsal's cloud. Objects and the credentials from STS are in memory.
//
// AWS_ENDPOINT_URL makes Terraform's S3 backend use it, so the stacks need no change.
package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
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

// Server stores the states in memory, until this process ends.
type Server struct {
	content *s3mem.Backend
	objects http.Handler // S3 without authorization
	bucket  string
	cloud   *cloud.Cloud
	issued  issued

	encryption sync.Map // the ARN of each object's encryption key, by bucket/key
	versioning sync.Map // each bucket's versioning

	mutex    sync.Mutex
	address  string
	listener net.Listener
	server   *http.Server
}

// Start starts a server on a free port of the loopback interface, with the buckets of a cloud. A
// nil cloud has the buckets of [Server.CreateBucket] and allows everything.
func Start(c *cloud.Cloud) (*Server, error) {
	s := &Server{content: s3mem.New(), cloud: c, address: "127.0.0.1:0"}
	s.objects = gofakes3.New(s.content, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	return s, s.Restart()
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return "http://" + s.address }

// Use sets the bucket of this server's own methods.
func (s *Server) Use(bucket string) { s.bucket = bucket }

// CreateBucket creates a versioned bucket and uses it.
func (s *Server) CreateBucket(name string) error {
	s.Use(name)
	return s.keep(name, string(gofakes3.VersioningEnabled))
}

// keep creates a bucket in memory unless it exists, and sets its versioning.
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

// Stop makes the server unreachable, even in the middle of a request. Its content stays.
func (s *Server) Stop() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.server == nil {
		return nil
	}
	// Close the listener too: the server does not know it before Serve.
	err := s.server.Close()
	_ = s.listener.Close() // usually closed already
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

// Keys returns the names of all objects in the bucket.
func (s *Server) Keys() ([]string, error) {
	if s.bucket == "" {
		return nil, nil
	}
	list, err := s.content.ListBucket(s.bucket, nil, gofakes3.ListBucketPage{})
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return nil, nil // the bucket is still empty
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

// Write writes an object, as a new version if it exists.
func (s *Server) Write(key string, content []byte) error {
	if _, known := s.versioning.Load(s.bucket); !known {
		if err := s.keep(s.bucket, string(gofakes3.VersioningEnabled)); err != nil {
			return err
		}
	}
	// Or the server keeps that of the version before, and Terraform takes the content for damaged.
	checksum := sha256.Sum256(content)
	metadata := map[string]string{"X-Amz-Checksum-Sha256": base64.StdEncoding.EncodeToString(checksum[:])}
	_, err := s.content.PutObject(s.bucket, key, metadata, bytes.NewReader(content), int64(len(content)), nil)
	return err
}

// Version is a version of an object.
type Version struct {
	ID      string
	Written time.Time
}

// Versions returns an object's versions, the newest first, without delete markers.
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
	// The server lists them in another order.
	slices.SortStableFunc(versions, func(a, b Version) int { return b.Written.Compare(a.Written) })
	return versions, nil
}

// ReadVersion returns the content of an object's version.
func (s *Server) ReadVersion(key, id string) ([]byte, error) {
	object, err := s.content.GetObjectVersion(s.bucket, key, gofakes3.VersionID(id), nil)
	return contentOf(object, err)
}

// Restore copies an old version to the newest.
func (s *Server) Restore(key, id string) error {
	object, err := s.content.GetObjectVersion(s.bucket, key, gofakes3.VersionID(id), nil)
	if err != nil {
		return err
	}
	defer object.Contents.Close()
	// The metadata contains the content's checksum.
	_, err = s.content.PutObject(s.bucket, key, object.Metadata, object.Contents, object.Size, nil)
	return err
}

// State reads a Terraform state, empty if there is none.
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
