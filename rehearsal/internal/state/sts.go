package state

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
)

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// requestID is the id in every answer.
const requestID = "00000000-0000-0000-0000-000000000000"

// The answers of STS, as XML.
type (
	callerIdentityResponse struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Arn       string   `xml:"GetCallerIdentityResult>Arn"`
		UserID    string   `xml:"GetCallerIdentityResult>UserId"`
		Account   string   `xml:"GetCallerIdentityResult>Account"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}
	webIdentityResponse struct {
		XMLName   xml.Name          `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
		Result    webIdentityResult `xml:"AssumeRoleWithWebIdentityResult"`
		RequestID string            `xml:"ResponseMetadata>RequestId"`
	}
	webIdentityResult struct {
		Subject  string `xml:"SubjectFromWebIdentityToken"`
		Audience string `xml:"Audience"`
		Provider string `xml:"Provider"`
		Arn      string `xml:"AssumedRoleUser>Arn"`
		ID       string `xml:"AssumedRoleUser>AssumedRoleId"`
		KeyID    string `xml:"Credentials>AccessKeyId"`
		Secret   string `xml:"Credentials>SecretAccessKey"`
		Token    string `xml:"Credentials>SessionToken"`
		Expires  string `xml:"Credentials>Expiration"`
	}
	stsError struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}
)

// sts answers a request to STS.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
func (s *Server) sts(w http.ResponseWriter, r *http.Request) {
	answer, err := s.askSTS(r)
	if err != nil {
		refusal := asError(err)
		_ = s.cloud.Refused("STS: " + refusal.Error()) // the caller gets it too
		writeXML(w, status(refusal), stsError{
			Namespace: stsNamespace, Type: "Sender", Code: refusal.Code, Message: refusal.Message, RequestID: requestID,
		})
		return
	}
	writeXML(w, http.StatusOK, answer)
}

func (s *Server) askSTS(r *http.Request) (any, error) {
	world, err := s.cloud.Glance()
	if err != nil {
		return nil, err
	}
	switch action := r.PostFormValue("Action"); action {
	case "GetCallerIdentity":
		c, err := s.caller(r, world)
		if err != nil {
			return nil, err
		}
		arn := c.arn(world)
		return callerIdentityResponse{
			Arn: arn, UserID: "AROAREHEARSAL00000000:" + arn[strings.LastIndex(arn, "/")+1:], Account: world.Account, RequestID: requestID,
		}, nil
	case "AssumeRoleWithWebIdentity":
		return s.assumeRole(r, world)
	default:
		return nil, &iam.Error{Code: "InvalidAction", Message: "a rehearsal's STS does not know the action " + strconv.Quote(action)}
	}
}

// shortest is the shortest duration of a session in seconds, usual the default.
const shortest, usual = 900, 3600

// assumeRole returns temporary credentials of a role for a token.
func (s *Server) assumeRole(r *http.Request, world *cloud.World) (any, error) {
	token, role := r.PostFormValue("WebIdentityToken"), r.PostFormValue("RoleArn")
	seconds := usual
	if asked := r.PostFormValue("DurationSeconds"); asked != "" {
		var err error
		if seconds, err = strconv.Atoi(asked); err != nil || seconds < shortest {
			return nil, &iam.Error{Code: "ValidationError", Message: "DurationSeconds must be " + strconv.Itoa(shortest) + " or more, is " + asked}
		}
	}
	session, err := world.AssumeRoleWithWebIdentity(role, token, r.PostFormValue("RoleSessionName"), time.Now())
	if err != nil {
		return nil, err
	}
	if seconds > world.Longest(role) {
		return nil, &iam.Error{Code: "ValidationError", Message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}
	}
	claims, err := iam.ParseToken(token)
	if err != nil {
		return nil, err
	}
	k := s.issued.give(session, time.Now().Add(time.Duration(seconds)*time.Second))
	return webIdentityResponse{RequestID: requestID, Result: webIdentityResult{
		Subject: claims.Subject, Audience: strings.Join(claims.Audience, ","), Provider: claims.Issuer, Arn: session.ARN,
		ID:    "AROAREHEARSAL00000000:" + session.ARN[strings.LastIndex(session.ARN, "/")+1:],
		KeyID: k.id, Secret: k.secret, Token: k.token, Expires: k.expires.UTC().Format(time.RFC3339),
	}}, nil
}

// asError returns an error in AWS's words. Any other is an internal error of the rehearsal.
func asError(err error) *iam.Error {
	var refusal *iam.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return &iam.Error{Code: "InternalError", Message: err.Error()}
}

// status is AWS's HTTP status for an error.
func status(e *iam.Error) int {
	switch e.Code {
	case "AccessDenied", "InvalidAccessKeyId", "InvalidClientTokenId":
		return http.StatusForbidden
	case "NoSuchBucket", "NoSuchKey":
		return http.StatusNotFound
	case "NotImplemented":
		return http.StatusNotImplemented
	case "InternalError":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func writeXML(w http.ResponseWriter, status int, content any) {
	text, err := xml.Marshal(content)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amz-Request-Id", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), text...)) // the client may have gone
}
