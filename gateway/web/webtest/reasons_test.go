package webtest

import (
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestRefusalsAreShownInKorean provokes errors in a toast, beside a form and
// without scripts: each names the field and the reason, all in Korean.
func TestRefusalsAreShownInKorean(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/projects/"+o.project+"/list", browsertest.Language("ko"))
	page.WaitFor("#list")
	page.Hover(o.card(0) + " td.number")
	page.Press("l")
	page.Type("#choose input", strings.Repeat("가", 51))
	page.Press("Enter", "Escape")
	const long = "오류: 다음을 수정하세요: 라벨 2: 50자까지 쓸 수 있습니다. 지금은 51자입니다"
	page.WaitText("#toasts", long)
	page.WaitText("#said", long)
	page.Screenshot("reason-toast-korean")

	page.Go("/projects/" + o.project + "/settings")
	page.Fill("#invite [name=email]", "nobody@example.org")
	page.Press("Enter")
	page.WaitText("#settings .wrong", "다음을 수정하세요: 이메일: 이 이메일로 등록된 계정이 없습니다. 먼저 가입을 요청하세요")
	page.Screenshot("reason-form-korean")

	page.Go("/me")
	page.Fill(`form:has([name=password]) [name=current_password]`, browsertest.Password)
	page.Fill("[name=password]", "short")
	page.Press("Enter")
	page.WaitText(".wrong", "다음을 수정하세요: 비밀번호: 10자 이상이어야 합니다")

	plain := o.open(o.mina, "/projects/"+o.project+"/settings", browsertest.Language("ko"), browsertest.NoScript())
	plain.Fill("#rename [name=name]", "  ")
	plain.Follow("#rename button")
	plain.WaitText("#settings .wrong", "다음을 수정하세요: 이름: 비워 둘 수 없습니다")
}
