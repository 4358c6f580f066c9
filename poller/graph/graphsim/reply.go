package graphsim

import (
	"net/http"
	"strconv"
)

// reply is an answer before it is sent.
type reply struct {
	status int
	header http.Header
	value  any    // to be sent as JSON; what it holds no longer changes
	page   string // to be sent as HTML instead
	honest bool   // it tells the truth about the world
	look   *look  // it ends a complete look
}

type look struct {
	host  *host
	began uint64
}

const jsonType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// entity is a 200 that tells the truth.
func entity(v any) reply {
	return reply{status: http.StatusOK, header: http.Header{"Content-Type": {jsonType}, "Odata-Version": {"4.0"}}, value: v, honest: true}
}

// The documented error body.
type errorBody struct {
	Error struct {
		Code       string     `json:"code"`
		Message    string     `json:"message"`
		InnerError innerError `json:"innerError"`
	} `json:"error"`
}

type innerError struct {
	Date    string `json:"date"`
	Request string `json:"request-id"`
	Client  string `json:"client-request-id"`
}

func refuse(x *exchange, status int, code, message string) reply {
	var e errorBody
	e.Error.Code, e.Error.Message = code, message
	e.Error.InnerError = innerError{x.at.time().Format("2006-01-02T15:04:05"), x.request, x.client}
	return reply{status: status, header: http.Header{"Content-Type": {jsonType}}, value: e}
}

// missing is the honest 404 for what the service does not know.
func missing(x *exchange) reply {
	answer := refuse(x, http.StatusNotFound, "NotFound", "The requested resource could not be found.")
	answer.honest = true
	return answer
}

// outage is the fault that leaves a request unanswered, if one struck.
func (s *Server) outage(x *exchange) (reply, bool) {
	if variant, struck := x.hit[Throttle]; struck {
		answer := refuse(x, http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
		switch variant % 4 {
		case 0:
			answer.header["Retry-After"] = []string{"1"}
		case 1:
			answer.header["retry-after"] = []string{"1"} // the name as some front ends write it
		case 2:
			answer.header["Retry-After"] = []string{"0.5"}
		}
		return answer, true
	}
	if variant, struck := x.hit[Error5xx]; struck {
		status := []int{500, 502, 503, 504}[variant%4]
		text := strconv.Itoa(status) + " " + http.StatusText(status)
		answer := reply{
			status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
			page: "<!DOCTYPE html><html><head><title>" + text + "</title></head><body><h1>" + text + "</h1></body></html>\r\n",
		}
		if status == http.StatusServiceUnavailable {
			answer.header["Retry-After"] = []string{"1"}
		}
		return answer, true
	}
	return reply{}, false
}
