@configuration @gate
Feature: Odd but legal values work, and illegal ones are rejected
  Segment:          Platform
  Business goal:    Accept whatever real deployments contain
  Value impact:     No customer is locked out because of a character in a setting
  Strategic impact: The platform fits into any company's tooling

  @CFG-12 @segment.platform
  @needs.configuration @needs.hot_reload @needs.operator
  Rule: Odd but legal values are handled, odd and illegal ones refused

    Scenario Outline: An odd text is kept as it is
      When the operator sets the configuration's name to <text> in the <layer>
      Then every service reports that name exactly, in time
      And the validation of the deployed file shows the same name

      Examples:
        | text                              | layer             |
        | a text with quotes                | deployment file   |
        | a text with a dollar sign         | deployment file   |
        | a text in several writing systems | deployment file   |
        | a text that looks like a number   | deployment file   |
        | a text that looks like a boolean  | deployment file   |
        | a text with placeholders          | deployment file   |
        | a text with inner spaces          | deployment file   |
        | the longest allowed text          | deployment file   |
        | a text with spaces at its ends    | deployment file   |
        | a text with spaces at its ends    | secrets directory |
        | a text with a dollar sign         | secrets directory |
        | a text that looks like a number   | secrets directory |
        | a text that looks like a boolean  | secrets directory |
        | a text of digits                  | secrets directory |

    Scenario Outline: An oddly written file is read
      When the operator deploys a newly named file with <oddity>
      Then every service reports that name exactly, in time
      And the validation of the deployed file shows the same name

      Examples:
        | oddity                   |
        | a byte order mark        |
        | Windows line endings     |
        | comments and blank lines |

    Scenario Outline: An oddly written secret is read
      When the operator sets the configuration's name in a secret with <oddity>
      Then every service reports that name exactly, in time
      And the validation of the deployed file shows the same name

      Examples:
        | oddity                |
        | a byte order mark     |
        | a Windows line ending |
        | no line ending        |

    @needs.accounts
    Scenario: A boolean written as text means what it says
      When the operator writes "false" for sign-up
      Then new customers can no longer sign up in time
      And new customers can sign up once the operator writes "true"

    Scenario Outline: Illegal values and files are rejected
      When the operator deploys <oddity>
      Then every service refuses the change in time and says why
      And every service still runs on the deployed configuration
      And the validation of the deployed file names the same faults

      Examples:
        | oddity                           |
        | an empty name                    |
        | a blank name                     |
        | a name of a million characters   |
        | a name with control characters   |
        | a key that is given twice        |
        | an empty secret                  |
        | a boolean for a number           |
        | an infinite number               |
        | a number for a text              |
        | a file in an unknown encoding    |
        | a directory in place of the file |
        | a link to nowhere                |
        | circular links                   |
