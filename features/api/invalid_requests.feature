@api
Feature: Invalid requests get a helpful error
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let developers correct their requests without writing to support
  Value impact:     The error names the invalid field, and no request is half done
  Strategic impact: A service that no request can break can be opened to every program

  @API-05 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.published_api @needs.own_database @needs.endpoint_rules
  Rule: Invalid requests are refused with the field named, and store nothing

    @gate
    @needs.cloud_accounts
    Scenario Outline: The error for an invalid request names the field
      Given Acme is <a plan> customer with one of each resource
      When Acme sends every request with <an error>
      Then every response is a validation error that names the field
      And Acme's data is unchanged
      And every API endpoint open to owners works for Acme

      Examples: Invalid values
        | a plan        | an error                            |
        | a Free        | a missing field                     |
        | an Enterprise | several missing fields              |
        | an Early      | a field of the wrong type           |
        | a Mid         | a value that is too large           |
        | an Enterprise | a character that cannot be stored   |
        | a Mid         | an invalid number                   |
        | a Free        | a malformed or wrongly encoded body |

      Examples: Excessive bodies
        | a plan        | an error               |
        | an Early      | endlessly nested lists |
        | an Enterprise | an oversized body      |

    @gate
    @needs.accounts @needs.cloud_accounts
    Scenario Outline: An invalid sign-up creates no customer
      Given Acme is <a plan> customer with one of each resource
      When Acme sends every request with <an error>
      Then no invalid sign-up has created a customer

      Examples:
        | a plan | an error                            |
        | a Free | a missing field                     |
        | a Mid  | a value that is too large           |
        | a Mid  | a character that cannot be stored   |
        | a Free | a malformed or wrongly encoded body |
