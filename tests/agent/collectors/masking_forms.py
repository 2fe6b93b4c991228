"""The judging set for the masking of secrets on command lines.

`SECRET_FORMS` are well-known command lines that carry a secret; `HARMLESS_FORMS` (lists of
arguments) carry none, and a mask over any of their arguments loses evidence. Both are written from
manuals and process lists, apart from the rule that they judge and without sight of it. Nobody may
tune a form to the rule: a form that fails shows a limit of the rule. All secrets are invented.
"""

from tests.agent.collectors.masking_form import Form
from tests.agent.collectors.masking_forms_accounts import ACCOUNT_FORMS
from tests.agent.collectors.masking_forms_cloud import CLOUD_FORMS
from tests.agent.collectors.masking_forms_databases import DATABASE_FORMS
from tests.agent.collectors.masking_forms_development import DEVELOPMENT_FORMS
from tests.agent.collectors.masking_forms_files import FILE_FORMS
from tests.agent.collectors.masking_forms_harmless_daemons import HARMLESS_DAEMONS
from tests.agent.collectors.masking_forms_harmless_tools import HARMLESS_TOOLS
from tests.agent.collectors.masking_forms_http import HTTP_FORMS
from tests.agent.collectors.masking_forms_languages import LANGUAGE_FORMS
from tests.agent.collectors.masking_forms_mysql_postgresql import MYSQL_POSTGRESQL_FORMS
from tests.agent.collectors.masking_forms_programs import PROGRAM_FORMS
from tests.agent.collectors.masking_forms_remote import REMOTE_FORMS
from tests.agent.collectors.masking_forms_shells import SHELL_FORMS
from tests.agent.collectors.masking_forms_windows import WINDOWS_FORMS

__all__ = ["HARMLESS_FORMS", "SECRET_FORMS", "Form"]

SECRET_FORMS: list[Form] = [
    *MYSQL_POSTGRESQL_FORMS,
    *DATABASE_FORMS,
    *HTTP_FORMS,
    *FILE_FORMS,
    *ACCOUNT_FORMS,
    *REMOTE_FORMS,
    *CLOUD_FORMS,
    *DEVELOPMENT_FORMS,
    *PROGRAM_FORMS,
    *WINDOWS_FORMS,
    *LANGUAGE_FORMS,
    *SHELL_FORMS,
]

HARMLESS_FORMS: list[list[str]] = [*HARMLESS_DAEMONS, *HARMLESS_TOOLS]
