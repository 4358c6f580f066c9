package hostport

import "testing"

func TestDistinguishedName(t *testing.T) {
	for _, tt := range []struct {
		name DistinguishedName
		want string
	}{
		{DistinguishedName{}, ""},
		{DistinguishedName{CommonName: "www.example.com"}, "CN=www.example.com"},
		{DistinguishedName{CommonName: "a", Unit: "b", Organization: "c", Street: "d", Locality: "e", State: "f", PostalCode: "g", PostOfficeBox: "h", Country: "i",
			SerialNumber: "j", Surname: "k", GivenName: "l", Email: "m@n"},
			"CN=a,OU=b,O=c,STREET=d,L=e,ST=f,postalCode=g,postOfficeBox=h,C=i,serialNumber=j,sn=k,givenName=l,emailAddress=m@n"},
		{DistinguishedName{CommonName: `x,O=Evil Corp`, Organization: `A "B" + C; <D> \`}, `CN=x\,O=Evil Corp,O=A \"B\" \+ C\; \<D\> \\`},
		{DistinguishedName{CommonName: " #a# "}, `CN=\ #a#\ `},
		{DistinguishedName{CommonName: "#a"}, `CN=\#a`},
		{DistinguishedName{CommonName: " "}, `CN=\ `},
		{DistinguishedName{CommonName: "a\x00b\xffc\u00e9"}, "CN=a\\00b\\ffc\u00e9"},
	} {
		if got := tt.name.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
