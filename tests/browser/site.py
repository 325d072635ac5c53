"""Steps that every browser test takes."""

PASSWORD = "correct horse battery"


def log_in(tab):
    tab.goto("/admin/")
    tab.get_by_label("Username").fill("grace")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("heading", name="Best candidates").wait_for()
