package state

// Empty deletes every object. The versions stay, as in a real bucket.
func (s *Server) Empty() error {
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := s.content.DeleteObject(s.bucket, key); err != nil {
			return err
		}
	}
	return nil
}
