@api
Feature: Only a valid token gives access to the API
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let customers open their accounts to programs without fear of misuse
  Value impact:     A forged, expired or revoked token opens nothing
  Strategic impact: Access control that can be proved opens regulated markets

  @API-03 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A request without a valid token is refused and changes nothing

    @gate
    @needs.published_api @needs.own_database @needs.endpoint_rules
    @needs.cloud_accounts
    Scenario Outline: An invalid token gives access to no endpoint
      Given Acme is <a plan> customer with one of each resource
      When an outsider calls every API endpoint with <an invalid token>
      Then every response is an authentication error
      And Acme's data is unchanged
      And every API endpoint open to owners works for Acme

      Examples: Tokens that anybody can obtain or forge
        | a plan        | an invalid token                |
        | a Free        | no token                        |
        | an Early      | a malformed token               |
        | a Mid         | an expired token                |
        | an Enterprise | a token with a forged signature |
        | a Mid         | an unsigned token               |
        | an Enterprise | a token of another environment  |

      @needs.sessions
      Examples: Tokens of a session
        | a plan | an invalid token                    |
        | a Mid  | a token of a session that has ended |

      @needs.sessions @needs.own_services
      Examples: Tokens signed with the platform's own key
        | a plan        | an invalid token             |
        | an Enterprise | a token for another audience |
        | a Mid         | a token of another issuer    |

    @gate
    @needs.sessions
    Scenario: Renewing a session gives new tokens
      Given Acme is a Free customer
      When Acme renews the session
      Then Acme receives a new access token and a new refresh token
      And Acme's renewed session is valid

    @gate
    @needs.sessions
    Scenario: A session can be renewed more than once
      Given Acme is a Mid customer with a renewed session
      When Acme renews the session
      Then Acme receives a new access token and a new refresh token
      And Acme's renewed session is valid

    @gate
    @needs.sessions @needs.configuration @needs.hot_reload @needs.operator
    Scenario: A session cannot be renewed after its refresh token has expired
      Given Acme is a Mid customer
      And the operator has shortened the lifetime of refresh tokens
      When Acme logs in, renews the session, and tries to renew it after its refresh token has expired
      Then the first renewal succeeds, and the later one is an authentication error

    @gate
    @needs.sessions
    Scenario: Reusing a refresh token ends the session
      Given Acme is an Early customer with a renewed session
      When Acme reuses the refresh token
      Then the response is an authentication error
      And every token of Acme's session is refused

    @gate
    @needs.sessions
    Scenario: No access token lasts longer than the platform allows
      Given Acme is a Mid customer
      When Acme logs in and asks for an access token of ten years
      Then the access token lasts no longer than that of an ordinary log-in

    @gate
    @needs.rate_limits @needs.sessions
    Scenario: Guessing passwords is stopped and does not lock out the owner
      Given Acme is a Mid customer
      When an outsider guesses Acme's password again and again
      Then the first few guesses are checked, and all later ones are refused with a Retry-After
      And Acme can log in on a known device

    @gate
    @needs.rate_limits @needs.sessions
    Scenario: Waiting as long as Retry-After says is enough to log in
      Given Acme is a Free customer with an exhausted log-in limit
      When Acme waits as long as Retry-After says and logs in on a new device
      Then the response is a success

    @smoke
    @needs.sessions @needs.cloud_accounts
    Scenario: Logging out ends this session and no other
      Given Acme is an Enterprise customer with one of each resource
      And Acme has a session on another device
      When Acme logs out
      Then every token of Acme's session is refused
      And Acme's session on another device is valid

    @nightly
    @needs.accounts @needs.colleagues @needs.roles @needs.plans @needs.sessions @needs.conversations @needs.allowances
    @needs.tools @needs.cancellation @needs.notices @needs.live_events @needs.resume
    @needs.partner
    Scenario: Sessions begin and end as they must in whatever order
      When customers of several organisations act in any order, and most of them log in and out
      Then every action has the expected outcome
      And every user finds everything that they have written, and every event
