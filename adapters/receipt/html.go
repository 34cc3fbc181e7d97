package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
)

const style = `
body{margin:0;background:#fff;color:#000;font:14px/1.4 ui-monospace,Menlo,Consolas,monospace}
main{box-sizing:border-box;max-width:80mm;margin:0 auto;padding:4mm;overflow-wrap:anywhere}
h1{font-size:1.2em;text-align:center;margin:0}
p{margin:0;text-align:center}
.mark{font-weight:bold;font-size:1.2em}
table{width:100%;border-collapse:collapse;border-top:1px dashed #000;margin-top:.5em;padding-top:.5em}
th,td{text-align:left;vertical-align:top;padding:0;font-weight:normal}
th+th,td+td{text-align:right;white-space:nowrap;padding-left:1ch}
.detail{padding-left:2ch}
.total td{font-weight:bold;font-size:1.2em;border-top:1px solid #000}
footer{border-top:1px dashed #000;margin-top:.5em;padding-top:.5em}
@media print{main{padding:0}}
`

// StyleHash is the SHA-256 of the one style sheet of HTML's pages, as a Content-Security-Policy names it.
func StyleHash() string {
	h := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(h[:])
}

// Clean texts still may hold any markup: the template escapes them by their place.
var sheet = template.Must(template.New("receipt").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>` + style + `</style>
</head>
<body>
<main>
<h1>{{.Store}}</h1>
{{- range .Header}}
<p>{{.}}</p>
{{- end}}
{{- range .Marks}}
<p class="mark">{{.}}</p>
{{- end}}
<table>
{{- range .About}}
<tr><td>{{.Label}}</td><td>{{.Figure}}</td></tr>
{{- end}}
</table>
<table>
{{- range .Items}}
<tr><td>{{.Name}}</td><td>{{.Figure}}</td></tr>
{{- with .Detail}}
<tr><td class="detail">{{.}}</td></tr>
{{- end}}
{{- end}}
</table>
<table>
{{- range .Sums}}
<tr><td>{{.Label}}</td><td>{{.Figure}}</td></tr>
{{- end}}
<tr class="total"><td>{{.Total.Label}}</td><td>{{.Total.Figure}}</td></tr>
{{- range .Tenders}}
<tr><td>{{.Label}}</td><td>{{.Figure}}</td></tr>
{{- end}}
</table>
{{- with .Taxes}}
<table>
<tr><th>Rate</th><th>Net</th><th>Tax</th><th>Gross</th></tr>
{{- range .}}
<tr><td>{{.Rate}}</td><td>{{.Net}}</td><td>{{.Tax}}</td><td>{{.Gross}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- with .Points}}
<table>
{{- range .}}
<tr><td>{{.Label}}</td><td>{{.Figure}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- with .Footer}}
<footer>
{{- range .}}
<p>{{.}}</p>
{{- end}}
</footer>
{{- end}}
</main>
</body>
</html>
`))

// HTML renders the receipt as a page of its own: no script, no image, nothing from elsewhere.
func HTML(r *Receipt) ([]byte, error) {
	var b bytes.Buffer
	err := sheet.Execute(&b, newView(r))
	return b.Bytes(), err
}
